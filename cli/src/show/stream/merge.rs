//! What containers have written so far, oldest first.

use super::Printer;
use crate::error::CommandError;
use engine::container::logs::{LogEntry, LogError, LogLine, LogOptions, LogReader};
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
    // The next line of each source; the place among the sources decides between equal times.
    let mut heads: BTreeMap<(SystemTime, usize), LogLine> = BTreeMap::new();
    for (place, reader) in readers.iter_mut().enumerate() {
        heads.extend(next_line(reader)?.map(|line| ((line.time, place), line)));
    }
    while let Some(((_, place), line)) = heads.pop_first() {
        printer.line(place, &line).map_err(CommandError::Stdout)?;
        heads.extend(next_line(&mut readers[place])?.map(|line| ((line.time, place), line)));
    }
    printer.end_line().map_err(CommandError::Stdout)
}

fn next_line(reader: &mut LogReader) -> Result<Option<LogLine>, LogError> {
    loop {
        match reader.next()? {
            Some(LogEntry::Line(line)) => return Ok(Some(line)),
            Some(LogEntry::Ended { .. }) => {}
            None => return Ok(None),
        }
    }
}
