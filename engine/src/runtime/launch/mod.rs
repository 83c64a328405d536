//! Starting a container's first process, in three moves that the type system keeps in order.
//!
//! ```text
//! supervisor                         child (container init)
//!   spawn ──── clone3 ───────────────> exists in its namespaces and cgroup, waits
//!   Pending    (veth into its netns)
//!   proceed ── "go" ─────────────────> `inside` (addresses, sockets), every step up to exec
//!   Prepared <─ descriptors, terminal  waits
//!   start ──── "go" ─────────────────> exec
//!   Running  <─ end of file
//! ```
//! At each point the child reports the step that failed, and dies when the supervisor does.

mod error;
mod hook;
mod mount;
pub(super) mod report;
mod step;
#[cfg(test)]
mod tests;

pub use error::LaunchError;
pub(super) use hook::HookPlan;
pub(super) use mount::{MountPlan, Source};
pub(super) use step::{Step, exec_steps};

use super::cgroup::Cgroup;
use super::init::{Identity, Init, Program as InitProgram};
use super::init_process;
use super::namespace::BirthPlace;
use super::owners::Owners;
use super::rootfs::Root;
use super::seccomp::Program;
use crate::sys::pidfd_send_signal;
use crate::sys::process::Child;
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use oci_spec::runtime::Spec;
use report::Report;
use std::collections::BTreeMap;
use std::error::Error;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

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
    /// A folder for what hooks read, made where there are any.
    pub bundle: PathBuf,
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

/// The child waits in its namespaces. It dies when this is dropped.
#[derive(Debug)]
#[must_use = "the child dies when this is dropped"]
pub struct Pending(Launching);

/// The child has everything but the program. It dies when this is dropped.
#[derive(Debug)]
#[must_use = "the child dies when this is dropped"]
pub struct Prepared {
    launching: Launching,
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

/// Makes the child. The caller has one thread only.
///
/// # Errors
/// Says what the spec asks for in vain, or why no child could be made.
pub fn spawn(sandbox: Sandbox, inside: Inside) -> Result<Pending, LaunchError> {
    let Sandbox { spec, root, cgroup, seccomp, stdio, init, bundle } = sandbox;
    let cgroups = cgroup.folders_v1()?;
    let has_hooks = hook::write_bundle(&spec, &root, &bundle)?;
    let hooks = if has_hooks { hook::plans(&spec, &cgroup, &bundle) } else { Vec::new() };
    let steps = step::steps(&spec, &cgroups, matches!(stdio, Stdio::Terminal), hooks)?;
    let child = Init {
        owners: user_namespaces(&steps)?,
        steps,
        identity: Identity::of(&spec, seccomp),
        program: InitProgram::of(
            &spec,
            init.then(init_process::open).transpose().map_err(LaunchError::InitProgram)?,
        )?,
        place: super::init::Place::Root(root),
        stdio,
        inside: Some(inside),
    };
    let birthplace = BirthPlace {
        namespaces: step::new_namespaces(&spec),
        pid_namespace: step::joined_pid_namespace(&spec).map(open_namespace).transpose()?,
        cgroup: &cgroup,
    };
    Launching::begin(child, &birthplace).map(Pending)
}

/// The user namespaces whose ranges idmapped mounts show; made here, where /proc shows the caller's own
/// process ids.
fn user_namespaces(steps: &[Step]) -> Result<BTreeMap<Owners, OwnedFd>, LaunchError> {
    let mut namespaces = BTreeMap::new();
    let mounts = steps.iter().filter_map(|step| if let Step::Mount(plan) = step { Some(plan) } else { None });
    for owners in mounts.filter_map(|plan| plan.owners.clone()) {
        let namespace = owners.namespace().map_err(|source| LaunchError::Owners(source.to_string()))?;
        namespaces.insert(owners, namespace);
    }
    Ok(namespaces)
}

fn open_namespace(path: &std::path::Path) -> Result<OwnedFd, LaunchError> {
    let file = std::fs::File::open(path).map_err(LaunchError::Clone)?;
    Ok(file.into())
}

impl Pending {
    /// Its id in the caller's pid namespace.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.0.child.pid
    }

    /// The same as a descriptor.
    #[must_use]
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.0.child.pidfd.as_fd()
    }

    /// Lets the child do everything up to the program.
    ///
    /// # Errors
    /// Carries the step that failed.
    pub fn proceed(self) -> Result<Prepared, LaunchError> {
        let Self(launching) = self;
        let (mut descriptors, has_terminal) = launching.prepare()?;
        let terminal = if has_terminal { descriptors.pop() } else { None };
        Ok(Prepared { launching, descriptors, terminal })
    }
}

impl Prepared {
    /// Its id in the caller's pid namespace.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.launching.child.pid
    }

    /// The same as a descriptor.
    #[must_use]
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.launching.child.pidfd.as_fd()
    }

    /// Lets the child execute the program.
    ///
    /// # Errors
    /// Says why the program could not be executed.
    pub fn start(self) -> Result<Running, LaunchError> {
        self.launching.finish()
    }
}

/// A child between its birth and its program, for containers and execs alike.
#[derive(Debug)]
pub(super) struct Launching {
    child: Child,
    socket: OwnedFd,
    is_over: bool,
}

impl Launching {
    /// Makes the child; it waits at the first gate.
    pub(super) fn begin(child: Init, birthplace: &BirthPlace<'_>) -> Result<Self, LaunchError> {
        // Nothing inside a container may read this memory out of a child that has not executed yet.
        nix::sys::prctl::set_dumpable(false).map_err(|errno| LaunchError::Clone(errno.into()))?;
        let (socket, childs_end) = report::pair().map_err(|errno| LaunchError::Socket(errno.into()))?;
        let group = birthplace.cgroup.birthplace()?;
        let (child, socket) = birthplace
            .clone(group.as_ref().map(AsFd::as_fd), socket, || child.run(childs_end))
            .map_err(LaunchError::Clone)?;
        Ok(Self { child, socket, is_over: false })
    }

    /// Opens the first gate: what the child hands over, and whether a terminal comes last.
    pub(super) fn prepare(&self) -> Result<(Vec<OwnedFd>, bool), LaunchError> {
        report::open_gate(self.socket.as_fd()).map_err(|_| LaunchError::Killed)?;
        match report::receive(self.socket.as_fd()).map_err(LaunchError::Socket)? {
            Some((Report::Prepared { has_terminal }, descriptors)) => Ok((descriptors, has_terminal)),
            Some((failure, _)) => Err(failure.into()),
            None => Err(LaunchError::Killed),
        }
    }

    /// Opens the second gate. The end of the socket means that the program runs.
    pub(super) fn finish(mut self) -> Result<Running, LaunchError> {
        report::open_gate(self.socket.as_fd()).map_err(|_| LaunchError::Killed)?;
        if let Some((failure, _)) = report::receive(self.socket.as_fd()).map_err(LaunchError::Socket)? {
            return Err(failure.into());
        }
        let pidfd = self.child.pidfd.try_clone().map_err(LaunchError::Socket)?;
        self.is_over = true;
        Ok(Running { pid: self.child.pid, pidfd })
    }
}

impl Drop for Launching {
    /// A child that never became its program is killed and reaped; both fail only if it is gone.
    fn drop(&mut self) {
        if !self.is_over {
            let _ = pidfd_send_signal(self.child.pidfd.as_fd(), Signal::SIGKILL as i32);
            let _ = waitid(Id::PIDFd(self.child.pidfd.as_fd()), WaitPidFlag::WEXITED);
        }
    }
}
