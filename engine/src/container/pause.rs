//! Freezing a container and letting it go on: its supervisor does it, so that nobody else has to know.

use super::{NoSuchContainer, StopError, find, stop};
use crate::state::{Layout, container};
use crate::supervisor::message::Request;
use engine_spec::{ContainerName, Status};

/// A container could not be frozen or let go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PauseError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// It is frozen already.
    #[error("container {0} is already paused")]
    AlreadyPaused(ContainerName),
    /// It is not frozen.
    #[error("container {0} is not paused")]
    NotPaused(ContainerName),
    /// It does not run, or its supervisor could not do it.
    #[error("cannot {attempt} container {name}")]
    Refused {
        /// `pause` or `unpause`.
        attempt: &'static str,
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: StopError,
    },
}

/// Freezes every process of a container.
///
/// # Errors
/// Says why not, such as that it does not run or is frozen already.
pub fn pause(layout: &Layout, name: &ContainerName) -> Result<(), PauseError> {
    let id = find(layout, name)?;
    if is_paused(layout, &id) {
        return Err(PauseError::AlreadyPaused(name.clone()));
    }
    stop::ask(layout, name, &id, &Request::Pause).map_err(|source| PauseError::Refused {
        attempt: "pause",
        name: name.clone(),
        source,
    })
}

/// Lets every process of a frozen container go on.
///
/// # Errors
/// Says why not, such as that it is not frozen.
pub fn unpause(layout: &Layout, name: &ContainerName) -> Result<(), PauseError> {
    let id = find(layout, name)?;
    if !is_paused(layout, &id) {
        return Err(PauseError::NotPaused(name.clone()));
    }
    stop::ask(layout, name, &id, &Request::Unpause).map_err(|source| PauseError::Refused {
        attempt: "unpause",
        name: name.clone(),
        source,
    })
}

fn is_paused(layout: &Layout, id: &engine_spec::ContainerId) -> bool {
    container::status(layout, id).is_ok_and(|status| matches!(status.status, Status::Paused { .. }))
}
