//! `builder df`: how much room the build cache takes.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::clock;
use crate::show::format::{Columns, Format, Row};
use crate::show::output;
use crate::show::size;
use crate::show::table;
use clap::Args;
use engine::build::{StockItem, StockKind, stock};
use serde::Serialize;
use std::process::ExitCode;
use std::time::SystemTime;

/// Options of `builder df`.
#[derive(Debug, Args)]
pub(crate) struct Df {
    /// Print as `json` or through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

const COLUMNS: Columns = Columns {
    table: "{{.ID}}\t{{.Reclaimable}}\t{{.Size}}\t{{.LastAccessed}}\t{{.Type}}\t{{.Description}}",
    names: &[
        ("ID", "ID"),
        ("Reclaimable", "RECLAIMABLE"),
        ("Size", "SIZE"),
        ("LastAccessed", "LAST ACCESSED"),
        ("Type", "TYPE"),
        ("Description", "DESCRIPTION"),
    ],
    least_width: table::NARROW,
};

/// A line of the list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    #[serde(rename = "ID")]
    id: String,
    reclaimable: bool,
    size: String,
    last_accessed: String,
    r#type: &'static str,
    description: String,
}

impl Row for Item {}

impl Df {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let items = stock(&session.layout()?)?;
        let sum = |items: &mut dyn Iterator<Item = &StockItem>| items.map(|item| item.bytes).sum::<u64>();
        let total = sum(&mut items.iter());
        let free = sum(&mut items.iter().filter(|item| !item.is_in_use));
        let is_table = self.format.is_none();
        let now = SystemTime::now();
        let rows: Vec<_> = items.into_iter().rev().map(|item| row(item, now)).collect();
        self.format.unwrap_or_default().print_rows(&COLUMNS, rows)?;
        if is_table {
            let (free, total) = (size::human(free), size::human(total));
            output::print(&format!("\nReclaimable:\t{free}\nTotal:\t\t{total}\n"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(item: StockItem, now: SystemTime) -> Item {
    const ID_LENGTH: usize = 12;
    let r#type = super::type_of(&item);
    let description = match item.kind {
        StockKind::Step { layer: Some(layer) } => format!("layer {}", layer.short()),
        StockKind::Step { layer: None } => "a step that changed no file".to_owned(),
        StockKind::CacheMount { id } => id,
        StockKind::Source { address, .. } => address,
    };
    Item {
        id: item.id.chars().take(ID_LENGTH).collect(),
        reclaimable: !item.is_in_use,
        size: size::human(item.bytes),
        last_accessed: clock::ago(item.last_used, now),
        r#type,
        description,
    }
}
