//! Closing what a process inherited.

use nix::errno::Errno;
use nix::libc;
use std::io;

/// Closes every descriptor from 3 on (close_range(2)).
///
/// For the first lines of a process that knows it was given standard streams only: a descriptor that
/// something here already owns would be closed under its owner.
///
/// # Errors
/// Fails before Linux 5.9.
pub fn close_inherited() -> io::Result<()> {
    const FIRST: libc::c_uint = 3;
    // SAFETY: close_range takes three integers. Called before anything was opened, it closes only
    // descriptors that came with execve(2) and that no value of this process owns.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    Errno::result(closed)?;
    Ok(())
}
