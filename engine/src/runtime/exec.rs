//! Another process in a running container, for `exec` and health probes: never less restricted than
//! the container's first process.

use super::cgroup::Cgroup;
use super::launch::{LaunchError, Stdio};
use super::seccomp::Program;
use super::user::ResolvedUser;
use nix::unistd::Pid;
use oci_spec::runtime::Spec;
use std::os::fd::{BorrowedFd, OwnedFd};

/// The running container.
#[derive(Debug)]
pub struct Target<'a> {
    /// Its first process.
    pub init: BorrowedFd<'a>,
    /// Its control group.
    pub cgroup: &'a Cgroup,
    /// The filter its first process has.
    pub seccomp: Option<&'a Program>,
    /// The spec it was launched with.
    pub spec: &'a Spec,
}

/// The process to add.
#[derive(Debug, Clone, Default)]
pub struct ExecProcess {
    /// Program and arguments.
    pub arguments: Vec<String>,
    /// Variables set on top of the container's own, `NAME=value`.
    pub environment: Vec<String>,
    /// Working folder; `None` is the container's.
    pub working_dir: Option<String>,
    /// Who it runs as; `None` is the container's user.
    pub user: Option<ResolvedUser>,
    /// All capabilities, no seccomp.
    pub privileged: bool,
}

/// A process that was added.
#[derive(Debug)]
pub struct Executing {
    /// Its id in the caller's pid namespace; a child of the caller.
    pub pid: Pid,
    /// The same as a descriptor.
    pub pidfd: OwnedFd,
    /// The terminal's master.
    pub terminal: Option<OwnedFd>,
}

/// Adds a process. The caller has one thread only.
///
/// # Errors
/// Carries the step that failed.
pub fn exec(target: &Target<'_>, process: &ExecProcess, stdio: Stdio) -> Result<Executing, LaunchError> {
    let _ = (target, process, stdio);
    todo!()
}
