//! Another process in a running container, for `exec` and health probes: never less restricted than
//! the container's first process.

use super::cgroup::Cgroup;
use super::init::{Identity, Init, Place, Program as InitProgram};
use super::launch::{LaunchError, Launching, Running, Stdio, exec_steps};
use super::namespace::BirthPlace;
use super::seccomp::Program;
use super::spec::{self, capability::CapabilitySet};
use super::user::ResolvedUser;
use crate::sys;
use nix::sched::CloneFlags;
use nix::unistd::Pid;
use oci_spec::runtime::{Process, Spec, User};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

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
    /// All capabilities of the engine, and no seccomp.
    pub privileged: Option<CapabilitySet>,
    /// Rows and columns of its terminal; `None` leaves them at 0.
    pub window: Option<(u16, u16)>,
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
    let has_terminal = matches!(stdio, Stdio::Terminal);
    let spec = describe(target.spec, process, has_terminal);
    let seccomp = if process.privileged.is_some() { None } else { target.seccomp.cloned() };
    let duplicate = || target.init.try_clone_to_owned().map_err(LaunchError::Socket);
    let child = Init {
        steps: exec_steps(&spec, &target.cgroup.folders_v1()?, has_terminal),
        identity: Identity::of(&spec, seccomp),
        program: InitProgram::of(&spec, None)?,
        place: Place::Container { init: duplicate()?, root: None },
        owners: Default::default(),
        stdio,
        inside: None,
    };
    let birthplace = BirthPlace {
        namespaces: CloneFlags::empty(),
        pid_namespace: Some(duplicate()?),
        cgroup: target.cgroup,
    };
    let launching = Launching::begin(child, &birthplace)?;
    let (mut terminal, _) = launching.prepare()?;
    if let (Some(terminal), Some((rows, columns))) = (terminal.first(), process.window) {
        // A wrong size is no reason not to run.
        let _ = sys::set_window_size(terminal.as_fd(), rows, columns);
    }
    let Running { pid, pidfd } = launching.finish()?;
    Ok(Executing { pid, pidfd, terminal: terminal.pop() })
}

/// The container's spec with its process replaced. Pure.
fn describe(container: &Spec, exec: &ExecProcess, has_terminal: bool) -> Spec {
    let mut process = container.process().clone().unwrap_or_default();
    process.set_terminal(Some(has_terminal)).set_args(Some(exec.arguments.clone()));
    let environment = process.env().clone().unwrap_or_default();
    process.set_env(Some(spec::process::merge_environment(environment, &exec.environment, has_terminal)));
    if let Some(folder) = &exec.working_dir {
        process.set_cwd(folder.into());
    }
    if let Some(user) = &exec.user {
        become_user(&mut process, user, spec::bounding(container));
    }
    if let Some(all) = exec.privileged {
        let uid = process.user().uid();
        process.set_capabilities(Some(spec::process::capabilities(uid, all))).set_apparmor_profile(None);
    }
    let mut spec = container.clone();
    spec.set_process(Some(process));
    spec
}

/// Another user has the container's capabilities as that user would: root all of them, others none.
fn become_user(process: &mut Process, user: &ResolvedUser, bounding: CapabilitySet) {
    process.set_capabilities(Some(spec::process::capabilities(user.uid, bounding)));
    let mut described = User::default();
    described.set_uid(user.uid).set_gid(user.gid).set_additional_gids(Some(user.groups.clone()));
    process.set_user(described);
}
