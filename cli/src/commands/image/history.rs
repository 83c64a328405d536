//! `image history`: how an image came about, newest first.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::clock;
use crate::show::format::{Columns, Format, Row};
use crate::show::output;
use crate::show::size;
use crate::show::table;
use clap::{ArgAction, Args};
use engine::image::{History as Step, Store};
use engine_spec::Digest;
use serde::Serialize;
use std::process::ExitCode;
use std::time::SystemTime;

/// The longest instruction a table shows.
const WIDTH: usize = 45;
const MISSING: &str = "<missing>";

/// Options of `image history`.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// The image, by name or id
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Print as `json`, or each step through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Print sizes and times for people; `--human=false` prints bytes and dates
    #[arg(short = 'H', long, action = ArgAction::Set, default_value_t = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    human: bool,
    /// Cut nothing short
    #[arg(long)]
    no_trunc: bool,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
}

const COLUMNS: Columns = Columns {
    table: "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
    names: &[
        ("ID", "IMAGE"),
        ("CreatedSince", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("CreatedBy", "CREATED BY"),
        ("Size", "SIZE"),
        ("Comment", "COMMENT"),
    ],
    least_width: table::NARROW,
};
const COLUMNS_WITH_DATES: Columns =
    Columns { table: "{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}", ..COLUMNS };

/// A step with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    comment: String,
    created_at: String,
    created_by: String,
    created_since: String,
    #[serde(rename = "ID")]
    id: String,
    size: String,
}

impl Row for Listed {}

impl History {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let store = Store::open(&session.layout()?);
        let image = super::find(&store, &self.image)?;
        let now = SystemTime::now();
        let mut layers = image.layers.iter();
        let mut rows = Vec::new();
        for step in store.configuration(&image)?.history {
            let layer = if step.empty_layer { None } else { layers.next() };
            let bytes = layer.map(|layer| store.layer_size(layer)).transpose()?.unwrap_or_default();
            rows.push(self.list(&step, bytes, now));
        }
        rows.reverse();
        if let Some(newest) = rows.first_mut() {
            newest.id = self.id(&image.id);
        }
        if self.quiet {
            output::print_lines(rows.iter().map(|row| &row.id))?;
            return Ok(ExitCode::SUCCESS);
        }
        let columns = if self.human { &COLUMNS } else { &COLUMNS_WITH_DATES };
        self.format.unwrap_or_default().print_rows(columns, rows)?;
        Ok(ExitCode::SUCCESS)
    }

    fn id(&self, id: &Digest) -> String {
        if self.no_trunc { id.to_string() } else { id.short().to_owned() }
    }

    fn list(&self, step: &Step, bytes: u64, now: SystemTime) -> Listed {
        let created = step.created.as_deref();
        let time = created.and_then(|text| clock::parse(text, now));
        Listed {
            comment: step.comment.clone().unwrap_or_default(),
            created_at: created.unwrap_or_default().to_owned(),
            created_by: self.instruction(step.created_by.as_deref().unwrap_or_default()),
            created_since: time.map_or_else(|| "N/A".to_owned(), |time| clock::ago(time, now)),
            id: MISSING.to_owned(),
            size: if self.human { size::human(bytes) } else { bytes.to_string() },
        }
    }

    /// In one line, and short unless it must be whole.
    fn instruction(&self, text: &str) -> String {
        let line = text.replace(['\n', '\t'], " ");
        if self.no_trunc || line.chars().count() <= WIDTH {
            return line;
        }
        line.chars().take(WIDTH - 1).chain(['…']).collect()
    }
}
