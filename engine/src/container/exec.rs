//! A further process in a running container, started by its supervisor and connected to the caller.
//!
//! Without a terminal the caller's own streams become the process's, and nothing is copied. With one,
//! the supervisor hands over the terminal's master, and `terminal` copies between the two.

use super::folder::Folder;
use super::terminal::copy::{Connection, Left};
use super::{End, NoSuchContainer, Streams, find};
use crate::state::Layout;
use crate::supervisor::message::{self, Answer, Request};
use crate::supervisor::{Failure, presence};
use engine_spec::ContainerName;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

/// What to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecSpec {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// Variables as `NAME=value`, added to the container's.
    pub environment: Vec<String>,
    /// Working folder; `None` is the container's.
    pub working_dir: Option<PathBuf>,
    /// `name|uid[:group|gid]`; `None` is the container's.
    pub user: Option<String>,
    /// All capabilities.
    pub privileged: bool,
    /// Allocate a terminal.
    pub tty: bool,
    /// Return once it runs, its output going nowhere.
    pub detach: bool,
}

/// A process could not be run in a container; one that ran and failed is an exit code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// It does not run.
    #[error("container {0} is not running")]
    NotRunning(ContainerName),
    /// The process could not be started; the exit code is in the failure.
    #[error("cannot run a process in container {name}")]
    Refused {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Failure,
    },
    /// Its supervisor or terminal could not be talked to.
    #[error("lost the connection to the process in container {name}")]
    Lost {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl ExecError {
    /// The exit code that docker would end with: 126 or 127 where the program could not be executed.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Refused { source, .. } => source.exit_code(),
            Self::Unknown(_) | Self::NotRunning(_) | Self::Lost { .. } => None,
        }
    }
}

/// Runs a process in a container and returns how it ended; one with `detach` goes on.
///
/// # Errors
/// Says why it could not be run.
pub fn run(
    layout: &Layout,
    name: &ContainerName,
    process: &ExecSpec,
    stdio: Streams<'_>,
) -> Result<End, ExecError> {
    let id = find(layout, name)?;
    let folder = Folder::of(layout, &id);
    if !presence::is_present(&folder) {
        return Err(ExecError::NotRunning(name.clone()));
    }
    let lost = |source| ExecError::Lost { name: name.clone(), source };
    let supervisor = message::call(folder.run()).map_err(lost)?;
    ask(&supervisor, process, stdio).map_err(lost)?;
    let mut terminal = match message::receive::<Answer>(&supervisor).map_err(lost)? {
        Some((Answer::Started, descriptors)) => descriptors,
        Some((Answer::Failed(source), _)) => return Err(ExecError::Refused { name: name.clone(), source }),
        Some(_) | None => return Err(lost(io::ErrorKind::UnexpectedEof.into())),
    };
    if process.detach {
        return Ok(End::Detached);
    }
    if let Some(master) = terminal.pop()
        && connection(master, stdio).and_then(|connection| connection.copy(&supervisor)).map_err(lost)?
            == Left::Detached
    {
        return Ok(End::Detached);
    }
    match message::receive::<Answer>(&supervisor).map_err(lost)? {
        Some((Answer::Exited { exit_code }, _)) => Ok(End::Exited { exit_code: Some(exit_code) }),
        Some(_) | None => Err(lost(io::ErrorKind::UnexpectedEof.into())),
    }
}

/// The terminal's master is both ends.
fn connection(master: OwnedFd, streams: Streams<'_>) -> io::Result<Connection<'_>> {
    let input = Some(master.try_clone()?);
    Ok(Connection { streams, input, outputs: vec![(master, streams.stdout)], is_terminal: true })
}

/// Sends the request, with the caller's streams unless the process gets none. For one with a terminal that
/// is where its size can be read, so that the process finds it right from the start.
fn ask(supervisor: &OwnedFd, process: &ExecSpec, stdio: Streams<'_>) -> io::Result<()> {
    let request = Request::Exec(process.clone());
    if process.detach {
        return message::send(supervisor, &request, &[]);
    }
    if process.tty {
        return message::send(supervisor, &request, &[stdio.stdout]);
    }
    let null = File::open("/dev/null")?;
    let stdin = stdio.stdin.unwrap_or(null.as_fd());
    message::send(supervisor, &request, &[stdin, stdio.stdout, stdio.stderr])
}
