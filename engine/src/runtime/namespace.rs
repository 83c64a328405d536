//! Doing something inside a container's namespaces without entering them oneself.

use nix::sched::CloneFlags;
use std::error::Error;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Nothing could be done inside.
#[derive(Debug, thiserror::Error)]
pub enum InsideError {
    /// No helper process could be made.
    #[error("cannot create a process to enter the container's namespaces")]
    Clone(#[source] io::Error),
    /// The namespaces could not be entered.
    #[error("cannot enter the container's namespaces")]
    Enter(#[source] io::Error),
    /// The task failed; the text is the whole chain of causes.
    #[error("{0}")]
    Task(String),
    /// The helper ended without an answer.
    #[error("the process inside the container's namespaces ended without an answer")]
    Killed,
    /// The socket to the helper failed.
    #[error("cannot talk to the process inside the container's namespaces")]
    Socket(#[source] io::Error),
}

/// Runs `task` in a forked helper inside the given `namespaces` of the process `init`, and hands back the
/// descriptors it made. The caller has one thread only.
///
/// # Errors
/// Says why the namespaces could not be entered, or what the task reported.
pub fn inside(
    init: BorrowedFd<'_>,
    namespaces: CloneFlags,
    task: impl FnOnce() -> Result<Vec<OwnedFd>, Box<dyn Error + Send + Sync>>,
) -> Result<Vec<OwnedFd>, InsideError> {
    let _ = (init, namespaces, task);
    todo!()
}
