//! Being born into namespaces, and doing something inside a container's without entering them oneself.

use super::cgroup::Cgroup;
use super::launch::report::{self, Report};
use crate::sys::process::{Child, clone3};
use nix::sched::{CloneFlags, setns};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use std::error::Error;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Nothing could be done inside.
#[derive(Debug, thiserror::Error)]
pub enum InsideError {
    /// No helper process could be made.
    #[error("cannot create a process to enter the container's namespaces")]
    Clone(#[source] io::Error),
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
    apart(CloneFlags::empty(), || {
        setns(init, namespaces).map_err(|errno| format!("cannot enter namespaces: {errno}"))?;
        task()
    })
}

/// Runs `task` in a forked helper that gets new namespaces, and hands back the descriptors it made.
pub(super) fn apart(
    new: CloneFlags,
    task: impl FnOnce() -> Result<Vec<OwnedFd>, Box<dyn Error + Send + Sync>>,
) -> Result<Vec<OwnedFd>, InsideError> {
    let (socket, childs_end) = report::pair().map_err(|errno| InsideError::Socket(errno.into()))?;
    let body = move || {
        let (report, descriptors) = match task() {
            Ok(descriptors) => (Report::Prepared { has_terminal: false }, descriptors),
            Err(error) => (Report::inside(error.as_ref()), Vec::new()),
        };
        i32::from(report::send(childs_end.as_fd(), &report, &descriptors).is_err())
    };
    let (child, socket) = clone3(new.bits(), None, socket, body).map_err(InsideError::Clone)?;
    let answer = report::receive(socket.as_fd());
    // It ends after its answer, and nothing else waits for it.
    let _ = waitid(Id::PIDFd(child.pidfd.as_fd()), WaitPidFlag::WEXITED);
    match answer.map_err(InsideError::Socket)? {
        Some((Report::Prepared { .. }, descriptors)) => Ok(descriptors),
        Some((Report::Inside(text), _)) => Err(InsideError::Task(text)),
        Some((Report::Failed { .. } | Report::NotExecuted { .. }, _)) | None => Err(InsideError::Killed),
    }
}

/// Where a child comes into the world.
#[derive(Debug)]
pub(super) struct BirthPlace<'a> {
    /// Namespaces made for it.
    pub(super) namespaces: CloneFlags,
    /// The pid namespace of another container, by a namespace file or a process.
    pub(super) pid_namespace: Option<OwnedFd>,
    /// Its control group.
    pub(super) cgroup: &'a Cgroup,
}

impl BirthPlace<'_> {
    /// Makes a child that keeps nothing of `parents_own`.
    ///
    /// A process never changes its own pid namespace, only that of the children it makes next, so this
    /// process points at the other one for a moment and back.
    pub(super) fn clone<T>(
        &self,
        group: Option<BorrowedFd<'_>>,
        parents_own: T,
        body: impl FnOnce() -> i32,
    ) -> io::Result<(Child, T)> {
        let Some(pid_namespace) = &self.pid_namespace else {
            return clone3(self.namespaces.bits(), group, parents_own, body);
        };
        let own = File::open("/proc/self/ns/pid")?;
        setns(pid_namespace, CloneFlags::CLONE_NEWPID)?;
        let cloned = clone3(self.namespaces.bits(), group, parents_own, body);
        setns(own, CloneFlags::CLONE_NEWPID)?;
        cloned
    }
}
