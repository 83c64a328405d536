//! One small process per container: its output, its end, its restarts, its health, its ports and names.

use std::ffi::OsString;
use std::process::ExitCode;

pub mod step;

/// Runs one of the hidden verbs, `__supervise <id> [--adopt]` or `__step`.
///
/// `arguments` begin with the verb. The process must not have started a thread.
#[must_use]
pub fn main(arguments: &[OsString]) -> ExitCode {
    let _ = arguments;
    todo!()
}

/// Whether `verb` is one that [`main`] runs.
#[must_use]
pub fn is_verb(verb: &str) -> bool {
    matches!(verb, "__supervise" | "__step")
}
