//! Builds that fail because the disk is full: told as that, whatever it was that could not be written.

use super::error::BuildError;
use crate::state::Layout;
use nix::sys::statvfs::statvfs;
use std::error::Error;
use std::io;

/// Less than this is no room: what a program wrote last may not have fitted in one piece.
const LEAST_BYTES: u64 = 256 << 10;

/// The error, or that it is for want of room.
pub(super) fn told(layout: &Layout, error: BuildError) -> BuildError {
    if is_told_by(&error) { no_room(layout, error) } else { error }
}

/// The failure of a command that could write, if there is no room now.
pub(super) fn told_of_command(layout: &Layout, error: BuildError) -> BuildError {
    if is_full(layout) { no_room(layout, error) } else { error }
}

fn no_room(layout: &Layout, error: BuildError) -> BuildError {
    match error {
        error @ BuildError::NoRoom { .. } => error,
        error => BuildError::NoRoom { folder: layout.data().to_owned(), source: Box::new(error) },
    }
}

fn is_full(layout: &Layout) -> bool {
    let free =
        |stat: nix::sys::statvfs::Statvfs| stat.blocks_available().saturating_mul(stat.fragment_size());
    statvfs(layout.data()).is_ok_and(|stat| free(stat) < LEAST_BYTES)
}

fn is_told_by(error: &BuildError) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)) {
            return true;
        }
        next = cause.source();
    }
    false
}
