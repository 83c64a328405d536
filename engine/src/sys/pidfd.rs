//! Processes by descriptor (pidfd_open(2)): a number that is never taken over by another process.

use nix::errno::Errno;
use nix::libc;
use nix::unistd::Pid;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// Opens a process; the descriptor is readable once it has ended.
///
/// # Errors
/// Fails with `ESRCH` where there is none.
pub fn pidfd_open(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open takes two integers and touches no memory of ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let fd = RawFd::try_from(Errno::result(fd)?).map_err(|_| io::ErrorKind::InvalidData)?;
    // SAFETY: the call succeeded, so `fd` is a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sends a signal, by its number, to the process a descriptor means.
///
/// # Errors
/// Fails with `ESRCH` where it has ended.
pub fn pidfd_send_signal(process: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    let information: *const libc::siginfo_t = ptr::null();
    // SAFETY: the descriptor is open for the time of the call, and a null `siginfo` is allowed.
    let sent =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), signal, information, 0) };
    Errno::result(sent)?;
    Ok(())
}
