//! What the kernel tells of a socket: its network namespace (`SIOCGSKNS`, linux/sockios.h) and where its
//! packets come in (`SO_INCOMING_CPU`, socket(7)).

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

/// The number of the processor on which the socket's last packet was received.
///
/// # Errors
/// Fails for what is no socket.
pub fn incoming_processor(socket: BorrowedFd<'_>) -> io::Result<usize> {
    let mut processor: libc::c_int = -1;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: both pointers lead to variables that outlive the call, and `length` is the size of the first;
    // `socket` is open for the time of the call.
    let told = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_INCOMING_CPU,
            (&raw mut processor).cast(),
            &raw mut length,
        )
    };
    Errno::result(told)?;
    usize::try_from(processor).map_err(|_| Errno::ENODATA.into())
}
