//! `init: true`: our own binary as PID 1, which forwards signals and reaps what the program leaves.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

/// The name under which the binary is PID 1 of a container: its `argv[0]`.
pub const NAME: &str = "lighter-init";

/// Whether the binary was started as a container's PID 1. `main` asks before anything else.
#[must_use]
pub fn is_requested(argv0: &OsStr) -> bool {
    argv0 == NAME
}

/// Runs the program given by the arguments after `argv[0]`, and ends with its exit code.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let _ = arguments;
    todo!()
}
