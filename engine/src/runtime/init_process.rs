//! `init: true`: a small program of ours as PID 1, which forwards signals and reaps what the container's
//! program leaves. What it does and how it is called stands in its source, `sys/init_program/main.rs`.

use crate::sys::{INIT_PROGRAM, init_program};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Its name inside the container: its `argv[0]`.
pub(super) const NAME: &str = "lighter-init";

/// Everybody in the container may execute it.
const MODE: u32 = 0o555;

/// Opens it for our own launcher, which executes it without a path.
///
/// # Errors
/// Says why it cannot be kept in memory.
pub(super) fn open() -> io::Result<OwnedFd> {
    init_program()
}

/// Writes it to `path` for an external runtime, which wants one.
///
/// # Errors
/// Says why the file cannot be written.
pub(super) fn write_to(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path);
    file?.write_all(INIT_PROGRAM)
}
