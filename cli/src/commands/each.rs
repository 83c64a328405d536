//! Commands about several objects that a user names.

use crate::console::terminal::Terminal;
use crate::error::CommandError;
use crate::report;
use std::process::ExitCode;

/// Does something to each of several objects. What cannot be done to one does not keep the others from it,
/// but makes the command fail.
pub(super) fn each(
    objects: &[String],
    terminal: &Terminal,
    mut act: impl FnMut(&str) -> Result<(), CommandError>,
) -> Result<ExitCode, CommandError> {
    let mut code = ExitCode::SUCCESS;
    for object in objects {
        if let Err(error) = act(object) {
            code = report::failure(&error, terminal);
        }
    }
    Ok(code)
}
