//! Containers as a user handles them: made, started, stopped, entered, read and removed.

use crate::state::Layout;
use engine_spec::{Condition, ContainerId, ContainerName, ContainerSpec, ProjectName, PublishedPort};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

pub mod exec;
pub mod logs;

/// to be split
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {}
/// A container could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {}
/// A container could not be stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StopError {}
/// A container could not be removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {}
/// A container could not be renamed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenameError {}
/// A container did not come as far as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// It ended.
    #[error("container {name} exited ({})", exit_code.map_or("unknown".to_owned(), |code| code.to_string()))]
    Exited {
        /// Which.
        name: ContainerName,
        /// How.
        exit_code: Option<i32>,
    },
    /// Its probes fail.
    #[error("container {name} is unhealthy")]
    Unhealthy {
        /// Which.
        name: ContainerName,
    },
    /// Its health was asked for, and it has no health check.
    #[error("container {name} has no healthcheck configured")]
    NoHealthCheck {
        /// Which.
        name: ContainerName,
    },
    /// It did not come so far in time.
    #[error("container {name} is not ready in time")]
    Deadline {
        /// Which.
        name: ContainerName,
    },
}
/// What is left of a broken command could not be put right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {}

/// Makes a container without starting it; takes over the anonymous volumes of `inherit`.
///
/// # Errors
/// Says why it could not be made; nothing is left of it then.
pub fn create(
    layout: &Layout,
    spec: &ContainerSpec,
    inherit: Option<&ContainerName>,
) -> Result<ContainerId, CreateError> {
    let _ = (layout, spec, inherit);
    todo!()
}

/// Starts a container and returns the ports it has now; one that runs is left as it is.
///
/// # Errors
/// Says which step of the launch failed.
pub fn start(layout: &Layout, name: &ContainerName) -> Result<Vec<PublishedPort>, StartError> {
    let _ = (layout, name);
    todo!()
}

/// Stops a container and waits for its end; `grace` replaces its own grace period.
///
/// # Errors
/// Says why it could not be stopped.
pub fn stop(layout: &Layout, name: &ContainerName, grace: Option<Duration>) -> Result<(), StopError> {
    let _ = (layout, name, grace);
    todo!()
}

/// Sends a signal to a container's first process.
///
/// # Errors
/// Says why it could not be sent.
pub fn kill(layout: &Layout, name: &ContainerName, signal: Signal) -> Result<(), StopError> {
    let _ = (layout, name, signal);
    todo!()
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
    let _ = (layout, name, grace);
    todo!()
}

/// Removes a container and all that was made for it, with `volumes` its anonymous volumes too.
///
/// # Errors
/// Says what could not be removed.
pub fn remove(layout: &Layout, name: &ContainerName, volumes: bool) -> Result<(), RemoveError> {
    let _ = (layout, name, volumes);
    todo!()
}

/// Gives a container another name.
///
/// # Errors
/// Says why not, such as who has the name.
pub fn rename(layout: &Layout, from: &ContainerName, to: &ContainerName) -> Result<(), RenameError> {
    let _ = (layout, from, to);
    todo!()
}

/// Waits until a container has come as far as `condition`.
///
/// # Errors
/// Says why it never will, or that the deadline has passed.
pub fn wait(
    layout: &Layout,
    name: &ContainerName,
    condition: Condition,
    deadline: Option<Instant>,
) -> Result<(), WaitError> {
    let _ = (layout, name, condition, deadline);
    todo!()
}

/// Waits until a container has ended for good and returns its exit code, `None` if nobody saw it.
///
/// # Errors
/// Says why its state could not be read.
pub fn wait_exit(layout: &Layout, name: &ContainerName) -> Result<Option<i32>, WaitError> {
    let _ = (layout, name);
    todo!()
}

/// Puts right what killed commands and supervisors left; does next to nothing when all is well.
///
/// # Errors
/// Says what could not be put right.
pub fn repair(layout: &Layout, project: Option<&ProjectName>) -> Result<(), RepairError> {
    let _ = (layout, project);
    todo!()
}
