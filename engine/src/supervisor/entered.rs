//! Processes that are added to a container: what users execute in it, and probes.

use super::ending::{self, Ended};
use super::failure::Failure;
use super::launch::Launched;
use super::message::{self, Answer};
use crate::container::exec::ExecSpec;
use crate::runtime::exec::{self, ExecProcess, Executing, Target};
use crate::runtime::launch::{LaunchError, Stdio};
use crate::runtime::rootfs::Root;
use crate::runtime::user::{self, UserError};
use crate::sys;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

/// The exit code of a process that could not be executed, where none is more fitting (Docker's).
const NOT_EXECUTED: i32 = 126;

/// The exit code of a container that could not be launched.
const NOT_LAUNCHED: i32 = 128;

/// Why a process could not be added.
#[derive(Debug, thiserror::Error)]
pub(super) enum EnterError {
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error("cannot open the container's root folder")]
    Root(#[source] io::Error),
    #[error("cannot open the standard streams of the process")]
    Streams(#[source] io::Error),
}

impl EnterError {
    fn exit_code(&self) -> i32 {
        match self {
            Self::Launch(error) => match error.exit_code() {
                // What keeps a container from its start only keeps the process from being executed.
                NOT_LAUNCHED => NOT_EXECUTED,
                code => code,
            },
            Self::User(_) | Self::Root(_) | Self::Streams(_) => NOT_EXECUTED,
        }
    }
}

/// A process that a user executes.
#[derive(Debug)]
pub(super) struct Entered {
    /// Readable once it has ended.
    pub(super) pidfd: OwnedFd,
    /// Who asked for it and waits; `None` once it has gone.
    client: Option<OwnedFd>,
    /// Its terminal, kept for when the client goes: the process goes on, and nobody hears it.
    terminal: Option<OwnedFd>,
}

impl Entered {
    /// Starts what `client` asked for; tells it why not.
    pub(super) fn begin(
        run: &Launched,
        spec: &ExecSpec,
        streams: Vec<OwnedFd>,
        client: OwnedFd,
    ) -> Option<Self> {
        match execute(run, spec, streams) {
            Ok(executing) => {
                let terminal: Vec<BorrowedFd<'_>> = executing.terminal.iter().map(AsFd::as_fd).collect();
                // A client that has gone is no reason to end the process.
                let _ = message::send(&client, &Answer::Started, &terminal);
                let client = Some(client).filter(|_| !spec.detach);
                Some(Self { pidfd: executing.pidfd, client, terminal: executing.terminal })
            }
            Err(error) => {
                let failure = Failure::of(&error, Some(error.exit_code()));
                let _ = message::send(&client, &Answer::Failed(failure), &[]);
                None
            }
        }
    }

    /// What is listened to for a process with a terminal: first its client, then itself.
    pub(super) fn stream(&self) -> Option<BorrowedFd<'_>> {
        let terminal = self.terminal.as_ref()?;
        Some(self.client.as_ref().unwrap_or(terminal).as_fd())
    }

    /// Notices that the client has gone, and takes what the process writes since.
    pub(super) fn attend(&mut self) {
        let Some(terminal) = &self.terminal else { return };
        if self.client.take().is_some() {
            let flags = FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK);
            if fcntl(terminal, flags).is_err() {
                self.terminal = None;
            }
            return;
        }
        let mut buffer = [0; 16 << 10];
        match nix::unistd::read(terminal, &mut buffer) {
            Ok(1..) | Err(Errno::EAGAIN | Errno::EINTR) => {}
            Ok(0) | Err(_) => self.terminal = None,
        }
    }

    /// Reaps the process, tells the client how it ended, and returns the same.
    pub(super) fn finish(self) -> i32 {
        let exit_code = reap(self.pidfd.as_fd()).unwrap_or(NOT_EXECUTED);
        if let Some(client) = &self.client {
            let _ = message::send(client, &Answer::Exited { exit_code }, &[]);
        }
        exit_code
    }
}

fn execute(run: &Launched, spec: &ExecSpec, streams: Vec<OwnedFd>) -> Result<Executing, EnterError> {
    let mut process = ExecProcess {
        arguments: spec.arguments.clone(),
        environment: spec.environment.clone(),
        working_dir: spec.working_dir.as_ref().map(|folder| folder.to_string_lossy().into_owned()),
        user: None,
        privileged: spec.privileged.then_some(run.description.host.capabilities),
        window: streams.first().filter(|_| spec.tty).and_then(|caller| sys::window_size(caller.as_fd()).ok()),
    };
    if let Some(user) = &spec.user {
        process.user = Some(user::resolve(&root_of(run)?, user, &[])?);
    }
    if spec.tty && !process.environment.iter().any(|variable| variable.starts_with("TERM=")) {
        process.environment.push("TERM=xterm".to_owned());
    }
    let stdio = if spec.tty { Stdio::Terminal } else { Stdio::Files(three(streams)?) };
    enter(run, &process, stdio)
}

/// Adds a process to the container.
pub(super) fn enter(run: &Launched, process: &ExecProcess, stdio: Stdio) -> Result<Executing, EnterError> {
    let target = Target {
        init: run.pidfd.as_fd(),
        cgroup: &run.description.cgroup,
        seccomp: run.description.seccomp.as_ref(),
        spec: &run.description.spec,
    };
    Ok(exec::exec(&target, process, stdio)?)
}

/// The files of a running container, seen through its first process.
pub(super) fn root_of(run: &Launched) -> Result<Root, EnterError> {
    root_of_process(run.init.pid).map_err(EnterError::Root)
}

/// The root folder of a process.
pub(super) fn root_of_process(pid: i32) -> io::Result<Root> {
    Ok(Root::from_mount(File::open(format!("/proc/{pid}/root"))?.into(), PathBuf::new()))
}

/// The three streams a client sent; without any they go nowhere.
fn three(streams: Vec<OwnedFd>) -> Result<[OwnedFd; 3], EnterError> {
    streams.try_into().or_else(|_| nowhere()).map_err(EnterError::Streams)
}

/// Empty input, and output that goes nowhere.
fn nowhere() -> io::Result<[OwnedFd; 3]> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    Ok([null.try_clone()?.into(), null.try_clone()?.into(), null.into()])
}

/// Takes the exit code of a child that has ended, 128 plus the signal if one ended it.
///
/// `None` where it is not our child or has not ended.
pub(super) fn reap(pidfd: BorrowedFd<'_>) -> Option<i32> {
    let waited = waitid(Id::PIDFd(pidfd), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG);
    waited.ok().and_then(ending::ended).map(Ended::exit_code)
}
