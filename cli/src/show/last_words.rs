//! What a container wrote last, for who wants to know why it failed.

use crate::apply::perform::PerformError;
use crate::show::ending;
use crate::show::progress::Progress;
use engine::container::logs::{LogEntry, LogError, LogOptions, LogReader};
use engine::state::Layout;
use engine_spec::ContainerName;

/// Enough for the end of a stack trace.
const LINES: usize = 10;

/// Shows the last lines of the containers whose failure stopped a command.
pub(crate) fn show(layout: &Layout, failures: &[PerformError], progress: &Progress) {
    let mut names: Vec<&ContainerName> = failures.iter().filter_map(PerformError::container).collect();
    names.dedup();
    for name in names {
        // A log that cannot be read is not what failed.
        let Ok(lines) = read(layout, name) else { continue };
        if !lines.is_empty() {
            progress.message(&format!("last lines of {name}:"));
            lines.iter().for_each(|line| progress.message(&format!("  | {line}")));
        }
    }
}

fn read(layout: &Layout, name: &ContainerName) -> Result<Vec<String>, LogError> {
    let options = LogOptions { tail: Some(LINES), ..LogOptions::default() };
    let mut reader = LogReader::open(layout, name, &options)?;
    let mut lines = Vec::new();
    while let Some(entry) = reader.next()? {
        match entry {
            LogEntry::Line(line) => lines.push(line.text.trim_end().to_owned()),
            LogEntry::Ended(end) => lines.extend(end.reason.map(ending::brief)),
        }
    }
    Ok(lines)
}
