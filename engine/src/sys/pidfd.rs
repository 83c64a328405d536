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

/// Takes a second descriptor of what another process has open as `number` (pidfd_getfd(2), Linux 5.6).
///
/// # Errors
/// Fails with `EBADF` where it has nothing open there, with `EPERM` where it may not be traced.
pub fn pidfd_get_descriptor(process: BorrowedFd<'_>, number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_getfd takes three integers and touches no memory of ours; `process` is open for the
    // time of the call.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), number, 0) };
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

/// A copy of a descriptor of another process (pidfd_getfd(2)).
///
/// # Errors
/// `EBADF` where it has none of that number, `EPERM` without the right to trace it.
pub fn pidfd_descriptor(process: BorrowedFd<'_>, number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_getfd takes three integers and touches no memory of ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), number, 0) };
    let fd = RawFd::try_from(Errno::result(fd)?).map_err(|_| io::ErrorKind::InvalidData)?;
    // SAFETY: the call succeeded, so `fd` is a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `struct pidfd_info` in its first size (linux/pidfd.h).
#[repr(C)]
#[derive(Default)]
struct Information {
    /// What is asked for, and what the kernel has filled in.
    mask: u64,
    control_group: u64,
    /// Process, thread group and parent; user and group ids.
    ids: [u32; 11],
    /// As wait(2) reports it.
    exit_status: i32,
}

/// How a process has ended that is not our child, as a wait status; `None` until its parent has reaped it.
///
/// # Errors
/// Fails before Linux 6.15, which does not keep it.
pub fn pidfd_exit_status(process: BorrowedFd<'_>) -> io::Result<Option<i32>> {
    /// `PIDFD_INFO_EXIT`.
    const EXIT: u64 = 1 << 3;
    /// `PIDFD_GET_INFO`: `_IOWR(0xFF, 11, struct pidfd_info)` with the first size, 64 bytes.
    const GET_INFORMATION: libc::Ioctl = 0xC040_FF0B_u32 as libc::Ioctl;
    let mut information = Information { mask: EXIT, ..Information::default() };
    // SAFETY: the request carries the size of `Information`, which is live, ours alone and valid for any
    // bytes that the kernel writes into it.
    Errno::result(unsafe { libc::ioctl(process.as_raw_fd(), GET_INFORMATION, &raw mut information) })?;
    Ok((information.mask & EXIT != 0).then_some(information.exit_status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn the_exit_status_of_a_reaped_process_is_kept_where_the_kernel_keeps_it() {
        let mut child =
            std::process::Command::new("/bin/sh").args(["-c", "exit 3"]).spawn().expect("spawned");
        let pidfd = pidfd_open(Pid::from_raw(child.id().try_into().expect("a pid"))).expect("opened");
        child.wait().expect("reaped");
        // Before Linux 6.15 the request is not known.
        if let Ok(status) = pidfd_exit_status(pidfd.as_fd()) {
            assert_eq!(status, Some(3 << 8));
        }
    }
}
