//! Data on stdout.

use crate::error::CommandError;
use serde::Serialize;
use std::io::{self, Write};

/// Prints text as it is.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(CommandError::Stdout)
}

/// Prints each item on a line of its own.
pub(crate) fn print_lines<T: std::fmt::Display>(
    items: impl IntoIterator<Item = T>,
) -> Result<(), CommandError> {
    print(&items.into_iter().map(|item| format!("{item}\n")).collect::<String>())
}

/// Prints one JSON object per line, as docker lists do.
pub(crate) fn print_json_lines<T: Serialize>(items: impl IntoIterator<Item = T>) -> Result<(), CommandError> {
    let lines: Result<Vec<_>, _> = items.into_iter().map(|item| serde_json::to_string(&item)).collect();
    print_lines(lines?)
}
