//! Stopping a container, and sending it signals: both are asked of its supervisor.

use super::folder::Folder;
use super::{NoSuchContainer, Signal, find, wait};
use crate::state::Layout;
use crate::supervisor::message::{self, Answer, Request};
use crate::supervisor::{Failure, presence};
use engine_spec::{ContainerId, ContainerName};
use std::io;
use std::time::{Duration, Instant};

/// A container could not be stopped or signalled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StopError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// It does not run.
    #[error("container {0} does not run")]
    NotRunning(ContainerName),
    /// Its supervisor could not be asked.
    #[error("cannot talk to the supervisor of container {name}")]
    Talk {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its supervisor was killed meanwhile.
    #[error("the supervisor of container {0} was killed while the container was being stopped")]
    Killed(ContainerName),
    /// Its supervisor could not do it.
    #[error("cannot signal container {name}")]
    Refused {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Failure,
    },
}

/// Stops a container and waits until nothing of it is left; `grace` replaces its own grace period.
/// One that does not run is left as it is.
///
/// # Errors
/// Says why it could not be stopped.
pub fn stop(layout: &Layout, name: &ContainerName, grace: Option<Duration>) -> Result<(), StopError> {
    let id = find(layout, name)?;
    stop_id(layout, name, &id, grace)
}

/// How a container is stopped where not in its own way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StopOptions {
    /// Replaces its grace period.
    pub grace: Option<Duration>,
    /// Replaces its stop signal.
    pub signal: Option<Signal>,
}

/// Stops a container as [`stop`] does, in the way that is asked for.
///
/// # Errors
/// Says why it could not be stopped.
pub fn stop_with(layout: &Layout, name: &ContainerName, options: StopOptions) -> Result<(), StopError> {
    let id = find(layout, name)?;
    let signal = options.signal.map(Signal::number);
    unless_ended(ask(layout, name, &id, &Request::Stop { grace: options.grace, signal }))
}

pub(super) fn stop_id(
    layout: &Layout,
    name: &ContainerName,
    id: &ContainerId,
    grace: Option<Duration>,
) -> Result<(), StopError> {
    unless_ended(ask(layout, name, id, &Request::Stop { grace, signal: None }))
}

/// One that does not run needs no stopping.
fn unless_ended(stopped: Result<(), StopError>) -> Result<(), StopError> {
    match stopped {
        Ok(()) | Err(StopError::NotRunning(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// How long the end of a container that was killed is waited for, as Docker does.
const DEATH: Duration = Duration::from_secs(10);

/// Sends a signal to a container's first process. After SIGKILL it has ended when this returns, unless
/// that takes longer than ten seconds: whoever looks next must not take it for running.
///
/// # Errors
/// Says why it could not be sent.
pub fn kill(layout: &Layout, name: &ContainerName, signal: impl Into<Signal>) -> Result<(), StopError> {
    let id = find(layout, name)?;
    let signal = signal.into();
    ask(layout, name, &id, &Request::Kill { signal: signal.number() })?;
    if signal == Signal::KILL {
        let ended = wait::ended(layout, name, &id, Instant::now() + DEATH);
        ended.unwrap_or_else(|error| tracing::debug!(%error, "a killed container is not seen to end"));
    }
    Ok(())
}

/// Asks a supervisor and waits until it has done it.
pub(super) fn ask(
    layout: &Layout,
    name: &ContainerName,
    id: &ContainerId,
    request: &Request,
) -> Result<(), StopError> {
    call(layout, name, id, request).map(drop)
}

/// The same with what it answers, if that is no failure.
pub(super) fn call(
    layout: &Layout,
    name: &ContainerName,
    id: &ContainerId,
    request: &Request,
) -> Result<Answer, StopError> {
    let folder = Folder::of(layout, id);
    let failed = |source: io::Error| {
        // It may have ended between two looks.
        match presence::is_present(&folder) {
            true => StopError::Talk { name: name.clone(), source },
            false => StopError::NotRunning(name.clone()),
        }
    };
    if !presence::is_present(&folder) {
        return Err(StopError::NotRunning(name.clone()));
    }
    let supervisor = message::call(folder.run()).map_err(failed)?;
    message::send(&supervisor, request, &[]).map_err(failed)?;
    match message::receive::<Answer>(&supervisor).map_err(failed)? {
        Some((Answer::Failed(source), _)) => Err(StopError::Refused { name: name.clone(), source }),
        Some((answer, _)) => Ok(answer),
        // Without a run folder it has ended well, only without time to answer.
        None if !folder.run().exists() => Err(StopError::NotRunning(name.clone())),
        None => Err(StopError::Killed(name.clone())),
    }
}
