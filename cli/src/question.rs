//! Questions before something is removed.

use crate::error::CommandError;
use std::io::{self, BufRead, Write};

/// Goes on if `is_forced`, or if the user says yes. Without a terminal the answer is read all the same.
pub(crate) fn confirm(is_forced: bool, what: &str) -> Result<(), CommandError> {
    if is_forced {
        return Ok(());
    }
    // A closed stderr is nobody's loss.
    let _ = write!(io::stderr(), "{what}\nAre you sure? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(CommandError::Terminal)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(CommandError::Declined)
    }
}
