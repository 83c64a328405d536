//! Which network namespace a socket is in (`SIOCGSKNS`, linux/sockios.h).

use nix::errno::Errno;
use nix::libc;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Opens the network namespace of a socket.
///
/// # Errors
/// Fails with `EPERM` for who may not administer it.
pub fn socket_namespace(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    const NAMESPACE_OF: libc::Ioctl = 0x894C;
    // SAFETY: the request takes no argument and touches no memory of ours; `socket` is open for the time
    // of the call.
    let fd = Errno::result(unsafe { libc::ioctl(socket.as_raw_fd(), NAMESPACE_OF) })?;
    // SAFETY: the call succeeded, so `fd` is a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
