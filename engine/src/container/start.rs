//! Starting a container: a supervisor is made, and tells when the container runs.

use super::folder::Folder;
use super::{NoSuchContainer, StopError, WaitError, find, stop, wait};
use crate::state::record::RecordError;
use crate::state::{Layout, container};
use crate::supervisor::spawn::{self, Mode};
use crate::supervisor::{SpawnError, presence};
use engine_spec::{ContainerId, ContainerName, PublishedPort};
use std::thread::sleep;
use std::time::Duration;

/// A container could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// Its supervisor could not launch it.
    #[error("cannot start container {name}")]
    Launch {
        /// Which.
        name: ContainerName,
        /// Why, with the exit code that Docker would show (127 where the program is missing, …).
        #[source]
        source: SpawnError,
    },
    /// Another command starts it, and it did not come to run.
    #[error("container {name} is started by another command")]
    Elsewhere {
        /// Which.
        name: ContainerName,
        /// What became of it.
        #[source]
        source: WaitError,
    },
    /// It could not be stopped before.
    #[error("cannot restart container {name}")]
    Stop {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: StopError,
    },
    /// What it does could not be read.
    #[error("cannot read what container {name} does")]
    Status {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
}

impl StartError {
    /// The exit code that Docker would give the container, if it is the container's fault.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Launch { source: SpawnError::Failed(failure), .. } => failure.exit_code(),
            Self::Launch { .. }
            | Self::Unknown(_)
            | Self::Elsewhere { .. }
            | Self::Stop { .. }
            | Self::Status { .. } => None,
        }
    }
}

/// Starts a container and returns the ports it has now; one that runs is left as it is.
///
/// # Errors
/// Says which step of the launch failed.
pub fn start(layout: &Layout, name: &ContainerName) -> Result<Vec<PublishedPort>, StartError> {
    let id = find(layout, name)?;
    let elsewhere = |source| StartError::Elsewhere { name: name.clone(), source };
    let mut looks = 0..LOOKS;
    loop {
        if let Some(ports) = launch(layout, name, &id)? {
            return Ok(ports);
        }
        match (wait::running(layout, name, &id), looks.next()) {
            (Ok(()), _) => break,
            (Err(WaitError::NotStarted { .. } | WaitError::Exited { .. }), Some(_)) => sleep(LOOK_AGAIN),
            (Err(source), _) => return Err(elsewhere(source)),
        }
    }
    let status = container::status(layout, &id);
    let status =
        status.map_err(|source| StartError::Status { name: name.clone(), source: Box::new(source) })?;
    Ok(status.ports)
}

/// How long somebody else's start may take to come to anything: its supervisor may not listen yet, or it
/// was killed and is about to vanish.
const LOOKS: u32 = 200;
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Launches the container; `None` if it has a supervisor already.
fn launch(
    layout: &Layout,
    name: &ContainerName,
    id: &ContainerId,
) -> Result<Option<Vec<PublishedPort>>, StartError> {
    if presence::is_present(&Folder::of(layout, id)) {
        return Ok(None);
    }
    let launched = spawn::supervisor(layout, id, Mode::Launch);
    launched.map_err(|source| StartError::Launch { name: name.clone(), source })
}

/// Stops a container if it runs, and starts it.
///
/// # Errors
/// Says which of the two failed.
pub fn restart(
    layout: &Layout,
    name: &ContainerName,
    grace: Option<Duration>,
) -> Result<Vec<PublishedPort>, StartError> {
    stop(layout, name, grace).map_err(|source| StartError::Stop { name: name.clone(), source })?;
    start(layout, name)
}
