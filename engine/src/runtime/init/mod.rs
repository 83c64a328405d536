//! The child's side of a launch: waits, performs the steps one by one, becomes the program.
//!
//! It runs on a copy of the supervisor's memory, alone, and ends in `execve` or `_exit`. A failure goes
//! to the parent as a message; nobody else would hear of it.

mod device;
mod hook;
mod identity;
mod mount;
mod path;
mod perform;
mod program;

pub(super) use identity::Identity;
pub(super) use program::Program;

use super::launch::report::{self, Report};
use super::launch::{Inside, Stdio, Step};
use super::owners::Owners;
use super::rootfs::Root;
use crate::sys::process::close_on_exec_from;
use nix::errno::Errno;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Uid, dup2_stderr, dup2_stdin, dup2_stdout};
use perform::Scene;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Everything the child needs; made before it exists.
pub(super) struct Init {
    /// What it does, in order.
    pub(super) steps: Vec<Step>,
    /// Who it becomes.
    pub(super) identity: Identity,
    /// What it executes.
    pub(super) program: Program,
    /// Where its files are.
    pub(super) place: Place,
    /// The user namespaces of idmapped mounts.
    pub(super) owners: BTreeMap<Owners, OwnedFd>,
    /// Its standard streams.
    pub(super) stdio: Stdio,
    /// What it does first.
    pub(super) inside: Option<Inside>,
}

/// Where a child's files are.
pub(super) enum Place {
    /// A root file system that it attaches itself.
    Root(Root),
    /// A running container: its first process, and its root folder once the child has entered it.
    Container { init: OwnedFd, root: Option<OwnedFd> },
}

impl Place {
    fn root(&self) -> BorrowedFd<'_> {
        match self {
            Self::Root(root) => root.as_fd(),
            Self::Container { init, root } => root.as_ref().unwrap_or(init).as_fd(),
        }
    }
}

/// Mode bits that files made by the program lack, as runc leaves it.
const UMASK: Mode = Mode::from_bits_truncate(0o022);

impl Init {
    /// Does it all. Returns only if that failed, with the exit code.
    pub(super) fn run(self, socket: OwnedFd) -> i32 {
        // A parent killed before this line is noticed at the gate, where its end of the socket is gone.
        let _ = set_pdeathsig(Signal::SIGKILL);
        if !report::wait_at_gate(socket.as_fd()) {
            return 1;
        }
        match self.become_program(&socket) {
            Ok(never) => match never {},
            Err(Some(failure)) => i32::from(report::send(socket.as_fd(), &failure, &[]).is_err()),
            Err(None) => 1,
        }
    }

    /// Fails without a report where the parent is gone.
    fn become_program(self, socket: &OwnedFd) -> Result<Infallible, Option<Report>> {
        let Self { steps, identity, program, place, owners, stdio, inside } = self;
        let mut descriptors = match inside {
            Some(inside) => inside().map_err(|error| Report::inside(error.as_ref()))?,
            None => Vec::new(),
        };
        umask(Mode::empty());
        let mut scene = Scene::new(place, owners);
        for step in &steps {
            scene.perform(step).map_err(failed(step))?;
        }
        let terminal = connect_stdio(stdio, &mut scene, identity.uid())
            .map_err(failed("connect the standard streams"))?;
        close_on_exec_from(3).map_err(failed("close inherited descriptors"))?;
        umask(UMASK);
        let environment = program.environment(scene.root(), identity.uid());
        identity.assume().map_err(failed("change to the container's user"))?;
        let path = program.enter_and_find(scene.root()).map_err(|failure| failure.into_report(&program))?;

        let has_terminal = terminal.is_some();
        descriptors.extend(terminal);
        report::send(socket.as_fd(), &Report::Prepared { has_terminal }, &descriptors).map_err(|_| None)?;
        if !report::wait_at_gate(socket.as_fd()) {
            return Err(None);
        }
        default_signals().map_err(failed("reset signals"))?;
        identity.restrict().map_err(failed("restrict the container's process"))?;
        let Err(errno) = program.execute(&path, &environment);
        Err(Some(Report::NotExecuted { program: program.name().to_owned(), errno: errno as i32 }))
    }
}

/// The standard streams, owned by the user so that `/dev/stdout` can be opened again by the program.
fn connect_stdio(stdio: Stdio, scene: &mut Scene, uid: u32) -> nix::Result<Option<OwnedFd>> {
    let (files, master) = match stdio {
        Stdio::Files(files) => (files, None),
        Stdio::Terminal => {
            let (master, slave) = scene.take_terminal().ok_or(Errno::ENOTTY)?;
            let clone = || slave.try_clone().map_err(|_| Errno::EMFILE);
            ([clone()?, clone()?, slave], Some(master))
        }
    };
    for file in &files {
        device::give_stream(file.as_fd(), Uid::from_raw(uid))?;
    }
    dup2_stdin(&files[0])?;
    dup2_stdout(&files[1])?;
    dup2_stderr(&files[2])?;
    Ok(master)
}

/// What the supervisor blocks or ignores must not be inherited: `exec` keeps both.
fn default_signals() -> nix::Result<()> {
    crate::sys::process::reset_signal_dispositions();
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
}

fn failed(step: impl ToString) -> impl FnOnce(Errno) -> Option<Report> {
    move |errno| Some(Report::Failed { step: step.to_string(), errno: errno as i32 })
}
