//! A container's terminal while its supervisor is dead.
//!
//! A terminal is gone with its master's last descriptor. So a child of the supervisor has one too, and
//! does nothing but wait for the container's end; the next supervisor takes the master from it
//! (pidfd_getfd(2)). Until then the container waits where the terminal's buffer is full, and loses nothing.

use super::nursery;
use crate::state::ProcessRef;
use crate::sys::{self, process};
use engine_spec::ContainerId;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::waitpid;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What process lists show: as long as a supervisor's verb, whose place it takes.
const TITLE: &str = "__terminal_";
/// The child's descriptors: its standard input and output.
const MASTER: i32 = 0;

/// Leaves the terminal with a child until the container, by its first process, has ended.
pub(super) fn begin(id: &ContainerId, master: &OwnedFd, container: BorrowedFd<'_>) -> io::Result<ProcessRef> {
    let child = process::fork(|| {
        let placed = nix::unistd::dup2_stdin(master).and_then(|()| nix::unistd::dup2_stdout(container));
        if placed.is_err() || sys::close_inherited().is_err() {
            return 1;
        }
        // Only people who look at process lists miss it.
        let _ = nursery::take_title(TITLE, id);
        let stdout = io::stdout();
        let mut ended = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
        // A signal that interrupts it is blocked.
        i32::from(poll(&mut ended, PollTimeout::NONE).is_err())
    })?;
    ProcessRef::of(child)
}

/// The terminal of a container whose supervisor has died, from the child that keeps it.
pub(super) fn take(child: ProcessRef) -> io::Result<OwnedFd> {
    let pidfd = sys::pidfd_open(child.pid())?;
    if !child.is_alive() {
        return Err(io::ErrorKind::NotFound.into());
    }
    sys::pidfd_descriptor(pidfd.as_fd(), MASTER)
}

/// Reaps the child of a container that has ended; one of an earlier supervisor is not ours to reap.
pub(super) fn end(child: ProcessRef) {
    let _ = waitpid(child.pid(), None);
}
