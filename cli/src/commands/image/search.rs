//! `image search`: finds images on Docker Hub, or in the catalogue of another registry.

use super::error::ImageCommandError;
use crate::apply::transfer;
use crate::error::CommandError;
use crate::filter::{Filter, Filters};
use crate::session::Session;
use crate::show::format::{Columns, Format, Row};
use crate::show::table;
use clap::Args;
use engine::image::registry::{self, Match, Registries};
use engine::state::Layout;
use serde::Serialize;
use std::process::ExitCode;

/// The longest description a table shows.
const WIDTH: usize = 45;

/// Options of `image search`.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// A part of the name; `registry.example/part` asks that registry
    #[arg(value_name = "TERM")]
    term: String,
    /// Only those that fit (`is-official=true`, `stars=10`)
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Print as `json`, or each image through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// The most images to print
    #[arg(long, value_name = "NUMBER", default_value_t = 25)]
    limit: usize,
    /// Cut nothing short
    #[arg(long)]
    no_trunc: bool,
}

const COLUMNS: Columns = Columns {
    table: "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}",
    names: &[
        ("Name", "NAME"),
        ("Description", "DESCRIPTION"),
        ("StarCount", "STARS"),
        ("IsOfficial", "OFFICIAL"),
    ],
    least_width: table::NARROW,
};

/// An image with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    description: String,
    is_official: &'static str,
    name: String,
    star_count: String,
}

impl Row for Listed {}

impl Search {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let filters = Filters::new(&self.filter, &["is-official", "stars"])?;
        let variable = |key: &str| session.variable(key).map(str::to_owned);
        let registries = Registries::load(&Layout::from_root(session.root().as_deref()), &variable)?;
        let found = transfer::run(async || {
            Ok(registry::search(&registries, &self.term, self.limit)
                .await
                .map_err(ImageCommandError::from)?)
        })?;
        let is_meant = |found: &Match| {
            filters.allow("is-official", |value| matches!(value, "true" | "1") == found.is_official)
                && filters.allow("stars", |least| least.parse().is_ok_and(|least: u64| found.stars >= least))
        };
        let rows = found.into_iter().filter(is_meant).map(|found| self.list(found));
        self.format.clone().unwrap_or_default().print_rows(&COLUMNS, rows.collect::<Vec<_>>())?;
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, found: Match) -> Listed {
        let line = found.description.replace(['\n', '\t'], " ");
        let is_short = self.no_trunc || line.chars().count() <= WIDTH;
        Listed {
            description: if is_short { line } else { line.chars().take(WIDTH - 1).chain(['…']).collect() },
            is_official: if found.is_official { "[OK]" } else { "" },
            name: found.name,
            star_count: found.stars.to_string(),
        }
    }
}
