//! Connecting the caller to the streams of a container's first process, before its start or later.

use super::{End, NoSuchContainer, StartError, Streams};
use crate::state::Layout;
use engine_spec::ContainerName;
use std::io;

/// Nobody could be connected to a container.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// It does not run.
    #[error("container {0} is not running")]
    NotRunning(ContainerName),
    /// It was to be started, and could not be.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its supervisor or terminal could not be talked to.
    #[error("lost the connection to container {name}")]
    Lost {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Connects the caller to a running container, until it ends or the caller leaves it. Input goes to it
/// only if it keeps its standard input open.
///
/// # Errors
/// Says why the caller could not be connected.
#[expect(clippy::todo, reason = "lands within the hour")]
pub fn attach(layout: &Layout, name: &ContainerName, streams: Streams<'_>) -> Result<End, AttachError> {
    let _ = (layout, name, streams);
    todo!("lands within the hour")
}

/// Starts a container and connects the caller to it before it writes anything; one that runs is only
/// connected to.
///
/// # Errors
/// Says why it could not be started, or the caller not connected.
#[expect(clippy::todo, reason = "lands within the hour")]
pub fn start_attached(
    layout: &Layout,
    name: &ContainerName,
    streams: Streams<'_>,
) -> Result<End, AttachError> {
    let _ = (layout, name, streams);
    todo!("lands within the hour")
}
