//! What containers have written so far, oldest first.

use super::Printer;
use crate::error::CommandError;
use engine::container::logs::{LogEntry, LogOptions, LogReader};
use engine::state::Layout;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// Prints what the printer's sources have written, and returns at the end.
pub(crate) fn print_written(
    layout: &Layout,
    printer: &mut Printer,
    options: &LogOptions,
) -> Result<(), CommandError> {
    let mut readers = Vec::new();
    for source in printer.sources() {
        readers.push(LogReader::open(layout, &source.container, options)?);
    }
    // What is next of each source; the place among the sources decides between equal times.
    let mut heads: BTreeMap<(SystemTime, usize), LogEntry> = BTreeMap::new();
    for (place, reader) in readers.iter_mut().enumerate() {
        heads.extend(reader.next()?.map(|entry| ((entry.time(), place), entry)));
    }
    while let Some(((_, place), entry)) = heads.pop_first() {
        match entry {
            LogEntry::Line(line) => printer.line(place, &line),
            LogEntry::Ended(end) => printer.reason(place, layout, &end),
        }
        .map_err(CommandError::Stdout)?;
        heads.extend(readers[place].next()?.map(|entry| ((entry.time(), place), entry)));
    }
    printer.end_line().map_err(CommandError::Stdout)
}
