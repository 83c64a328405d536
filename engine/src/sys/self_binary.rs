//! The engine's own executable, in a form that nothing inside a container can write to.

use std::io;
use std::os::fd::OwnedFd;

/// Opens a detached read-only clone of this executable.
///
/// A process inside a container can reach the file it was started from through /proc/PID/exe and, once
/// that process has ended, write to it (CVE-2019-5736). Through the clone the kernel refuses.
///
/// # Errors
/// Fails without `CAP_SYS_ADMIN` or before Linux 5.12.
pub fn self_binary() -> io::Result<OwnedFd> {
    todo!()
}
