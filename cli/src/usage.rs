//! What containers use, as `stats` shows it.

use crate::error::CommandError;
use crate::show::format::{Columns, Format, Row};
use crate::show::output;
use crate::show::size;
use crate::show::table;
use engine::container::{self, Sample};
use engine::state::Layout;
use engine_spec::{ContainerId, ContainerName};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::thread;
use std::time::Duration;

/// Time between two looks; shares of a processor are of this time.
const INTERVAL: Duration = Duration::from_secs(1);
/// To the first place of a terminal, and nothing below it.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Use of one container, with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Usage {
    #[serde(rename = "BlockIO")]
    block_io: String,
    #[serde(rename = "CPUPerc")]
    cpu_percent: String,
    container: String,
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "MemPerc")]
    memory_percent: String,
    #[serde(rename = "MemUsage")]
    memory: String,
    name: String,
    #[serde(rename = "NetIO")]
    network_io: String,
    #[serde(rename = "PIDs")]
    pids: String,
}

impl Row for Usage {}

const COLUMNS: Columns = Columns {
    table: "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}",
    names: &[
        ("BlockIO", "BLOCK I/O"),
        ("CPUPerc", "CPU %"),
        ("Container", "CONTAINER"),
        ("ID", "CONTAINER ID"),
        ("MemPerc", "MEM %"),
        ("MemUsage", "MEM USAGE / LIMIT"),
        ("Name", "NAME"),
        ("NetIO", "NET I/O"),
        ("PIDs", "PIDS"),
    ],
    least_width: table::NARROW,
};

/// How use is shown.
#[derive(Debug, Clone)]
pub(crate) struct Show {
    /// As what.
    pub(crate) format: Format,
    /// Once, and not again and again.
    pub(crate) once: bool,
    /// Whether ids are printed in full.
    pub(crate) is_full: bool,
}

/// Prints what the containers use that `list` names, again and again until nobody reads it any more.
pub(crate) fn print(
    layout: &Layout,
    show: &Show,
    list: impl Fn() -> Result<Vec<(ContainerId, ContainerName)>, CommandError>,
) -> Result<(), CommandError> {
    let mut before = BTreeMap::new();
    let is_redrawn = !show.once && io::stdout().is_terminal();
    loop {
        let containers = list()?;
        let samples = samples(layout, &containers);
        if !before.is_empty() || samples.is_empty() {
            let rows =
                containers.iter().map(|(id, name)| usage(show, id, name, before.get(id), samples.get(id)));
            let text = show.format.render_rows(&COLUMNS, rows)?;
            output::print(&if is_redrawn { format!("{CLEAR}{text}") } else { text })?;
            if show.once {
                return Ok(());
            }
        }
        before = samples;
        thread::sleep(INTERVAL);
    }
}

/// A container that does not run uses nothing.
fn samples(layout: &Layout, containers: &[(ContainerId, ContainerName)]) -> BTreeMap<ContainerId, Sample> {
    let look =
        |(id, name): &(ContainerId, ContainerName)| Some((id.clone(), container::stats(layout, name).ok()?));
    containers.iter().filter_map(look).collect()
}

fn usage(
    show: &Show,
    id: &ContainerId,
    name: &ContainerName,
    before: Option<&Sample>,
    now: Option<&Sample>,
) -> Usage {
    let both = |first: u64, second: u64| format!("{} / {}", size::human(first), size::human(second));
    let percent = |share: Option<f64>| share.map_or("--".to_owned(), |share| format!("{share:.2}%"));
    let id = if show.is_full { id.to_string() } else { id.short().to_owned() };
    Usage {
        block_io: now.map_or("--".to_owned(), |now| both(now.block_read, now.block_written)),
        cpu_percent: percent(now.map(|now| before.map_or(0.0, |before| now.cpu_percent(before)))),
        container: id.clone(),
        id,
        memory_percent: percent(now.map(Sample::memory_percent)),
        memory: now.map_or("-- / --".to_owned(), |now| {
            format!("{} / {}", size::binary(now.memory), size::binary(now.memory_limit))
        }),
        name: name.to_string(),
        network_io: now.map_or("--".to_owned(), |now| both(now.network_received, now.network_sent)),
        pids: now.map_or("--".to_owned(), |now| now.pids.to_string()),
    }
}
