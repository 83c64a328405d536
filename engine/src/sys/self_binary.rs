//! The engine's own executable, in a form that nothing inside a container can write to.

use super::mount::{self, Attributes, Depth};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::sys::statvfs::{FsFlags, fstatvfs};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

const SELF: &str = "/proc/self/exe";

/// Opens a detached read-only clone of this executable.
///
/// A process inside a container can reach the file it was started from through /proc/PID/exe and, once
/// that process has ended, write to it (CVE-2019-5736). Through the clone the kernel refuses: the
/// mount it was opened through is read-only for good, since nobody inside can reach it to change that.
///
/// # Errors
/// Fails without `CAP_SYS_ADMIN` or before Linux 5.12.
pub fn self_binary() -> io::Result<OwnedFd> {
    let file = open(SELF, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
    if fstatvfs(&file)?.flags().contains(FsFlags::ST_RDONLY) {
        // Already such a clone (a supervisor runs from one), which kernels before 6.15 do not clone again.
        return Ok(file);
    }
    let clone = mount::clone_tree(file.as_fd(), "", Depth::Mount)?;
    let read_only = Attributes { set: libc::MOUNT_ATTR_RDONLY, ..Attributes::default() };
    mount::set_attributes(clone.as_fd(), read_only, Depth::Mount)?;
    Ok(clone)
}
