//! Starting a container's first process, in three moves that the type system keeps in order.
//!
//! ```text
//! supervisor                         child (container init)
//!   spawn ──── clone3 ───────────────> exists in its namespaces and cgroup, waits
//!   Pending    (veth into its netns)
//!   proceed ── "go" ─────────────────> `inside` (addresses, sockets), every step up to exec
//!   Prepared <─ descriptors, terminal  waits
//!   start ──── "exec" ───────────────> exec
//!   Running  <─ end of file
//! ```
//! At each point the child reports the step that failed, and dies when the supervisor does.

use super::cgroup::{Cgroup, CgroupError};
use super::rootfs::Root;
use super::seccomp::Program;
use nix::errno::Errno;
use nix::unistd::Pid;
use oci_spec::runtime::Spec;
use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A container to launch.
#[derive(Debug)]
pub struct Sandbox {
    /// What it is.
    pub spec: Spec,
    /// Its root file system.
    pub root: Root,
    /// Its control group, which exists.
    pub cgroup: Cgroup,
    /// Its system call filter.
    pub seccomp: Option<Program>,
    /// Where its standard streams go.
    pub stdio: Stdio,
    /// Run our own init as PID 1.
    pub init: bool,
}

/// Where standard streams go.
#[derive(Debug)]
pub enum Stdio {
    /// Input, output, error. They become the container user's.
    Files([OwnedFd; 3]),
    /// A terminal made inside the container; its master comes back.
    Terminal,
}

/// What runs inside the new network namespace before anything else: its result is handed back.
pub type Inside = Box<dyn FnOnce() -> Result<Vec<OwnedFd>, Box<dyn Error + Send + Sync>>>;

/// The child waits in its namespaces.
#[derive(Debug)]
#[must_use = "the child dies when this is dropped"]
pub struct Pending {
    pid: Pid,
    pidfd: OwnedFd,
}

/// The child has everything but the program.
#[derive(Debug)]
#[must_use = "the child dies when this is dropped"]
pub struct Prepared {
    pid: Pid,
    pidfd: OwnedFd,
    /// What [`Inside`] returned.
    pub descriptors: Vec<OwnedFd>,
    /// The terminal's master.
    pub terminal: Option<OwnedFd>,
}

/// The container's program runs.
#[derive(Debug)]
pub struct Running {
    /// Its id in the caller's pid namespace.
    pub pid: Pid,
    /// The same as a descriptor.
    pub pidfd: OwnedFd,
}

/// A step that failed in the child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFailure {
    /// What was tried, to what: `mount /proc`, `execute redis-server`.
    pub step: String,
    /// Why.
    pub errno: Errno,
}

/// A container could not be launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The spec asks for what this runtime cannot do.
    #[error("cannot launch a container with {0}")]
    Unsupported(String),
    /// No child could be made.
    #[error("cannot create the container's first process")]
    Clone(#[source] io::Error),
    /// The child could not be put into its control group.
    #[error("cannot move the container's first process into its control group")]
    Cgroup(#[from] CgroupError),
    /// The child failed.
    #[error("cannot {0}")]
    Step(StepFailure),
    /// The network could not be set up from inside; the text is the whole chain of causes.
    #[error("cannot set up the container's network: {0}")]
    Inside(String),
    /// The child was killed before it could report.
    #[error("the container's first process was killed before it could start")]
    Killed,
    /// The socket to the child failed.
    #[error("cannot talk to the container's first process")]
    Socket(#[source] io::Error),
}

impl fmt::Display for StepFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.errno.desc())
    }
}

impl LaunchError {
    /// The exit code Docker gives a container that could not be started: 127 where the program is
    /// missing, 126 where it may not be executed, else 128.
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        todo!()
    }
}

/// Makes the child. The caller has one thread only.
///
/// # Errors
/// Says what the spec asks for in vain, or why no child could be made.
pub fn spawn(sandbox: Sandbox, inside: Inside) -> Result<Pending, LaunchError> {
    let _ = (sandbox, inside);
    todo!()
}

impl Pending {
    /// Its id in the caller's pid namespace.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The same as a descriptor.
    #[must_use]
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Lets the child do everything up to the program.
    ///
    /// # Errors
    /// Carries the step that failed.
    pub fn proceed(self) -> Result<Prepared, LaunchError> {
        todo!()
    }
}

impl Prepared {
    /// Its id in the caller's pid namespace.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The same as a descriptor.
    #[must_use]
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Lets the child execute the program.
    ///
    /// # Errors
    /// Says why the program could not be executed.
    pub fn start(self) -> Result<Running, LaunchError> {
        todo!()
    }
}
