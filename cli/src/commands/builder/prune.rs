//! `builder prune`: makes the build cache smaller.

use super::policy::{bytes, oldest_beyond};
use crate::console::question::confirm;
use crate::error::CommandError;
use crate::filter::{Filter, Filters};
use crate::report;
use crate::session::Session;
use crate::show::clock;
use crate::show::output;
use crate::show::size;
use clap::Args;
use engine::build::{prune_stock, stock};
use std::process::ExitCode;
use std::time::SystemTime;

/// Options of `builder prune`.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Forget the steps of images that are there too: their next build does them again
    #[arg(short, long)]
    all: bool,
    /// Only what fits (`until=24h`, `type=exec.cachemount`, `id=…`)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Keep this much (`10gb`), most recently used first
    #[arg(long, visible_alias = "keep-storage", value_name = "BYTES")]
    max_used_space: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let filters = Filters::new(&self.filter, &["until", "unused-for", "type", "id"])?;
        let now = SystemTime::now();
        let age = filters.values("until").chain(filters.values("unused-for")).last();
        let until = clock::parse_option(age, now)?;
        let room = self.max_used_space.as_deref().map(bytes).transpose()?;
        confirm(self.force, self.warning())?;
        let layout = session.layout()?;
        let doomed = room.map(|room| Ok(oldest_beyond(room, &stock(&layout)?))).transpose();
        let doomed = doomed.map_err(|error: engine::build::StockError| CommandError::from(error))?;
        let pruned = prune_stock(&layout, |item| {
            (self.all || !item.is_in_use)
                && until.is_none_or(|until| item.last_used <= until)
                && filters.allow("type", |kind| kind == super::type_of(item))
                && filters.allow("id", |id| item.id.starts_with(id))
                && doomed.as_ref().is_none_or(|doomed| doomed.contains(&item.id))
        })?;
        if pruned.is_build_running {
            report::note("a build runs: its steps and those of others stay", &session.terminal);
        }
        if !pruned.ids.is_empty() {
            output::print_lines(["Deleted build cache objects:"])?;
            output::print_lines(&pruned.ids)?;
            output::print("\n")?;
        }
        output::print_lines([format!("Total reclaimed space: {}", size::human(pruned.bytes))])?;
        Ok(ExitCode::SUCCESS)
    }

    fn warning(&self) -> &'static str {
        if self.all {
            "This removes all build cache."
        } else {
            "This removes build cache that no image needs."
        }
    }
}
