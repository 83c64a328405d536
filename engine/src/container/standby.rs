//! Standby: a container that runs but keeps out of its names and its published ports.
//!
//! A replica that takes another's place starts in standby and is activated when it is ready; the old
//! one is retired, which is standby until its open connections have ended.

use super::drain::{drain, undrain, wait_drained};
use super::stop::{self, StopError};
use super::{NoSuchContainer, find};
use crate::state::Layout;
use crate::state::container;
use crate::state::record::{self, RecordError};
use crate::supervisor::message::Request;
use engine_spec::ContainerName;
use std::time::{Duration, Instant};

/// How long open connections are waited for where neither the caller nor the container says it.
const DEFAULT_LIMIT: Duration = Duration::from_secs(10);

/// A container could not be activated or retired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandbyError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// Its record could not be changed.
    #[error("cannot change the record of container {name}")]
    Record {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// Its published ports could not be changed.
    #[error("cannot hand over the published ports of container {name}")]
    Ports {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: StopError,
    },
}

/// Lets a container have its names and published ports. One that does not run has them from its next start on.
///
/// # Errors
/// Says why not.
pub fn activate(layout: &Layout, name: &ContainerName) -> Result<(), StandbyError> {
    set_standby(layout, name, false)?;
    let ports = |source| StandbyError::Ports { name: name.clone(), source };
    unless_ended(undrain(layout, name)).map_err(ports)
}

/// Takes a container's names and new connections from it, and waits until those that are open have
/// ended, for at most `limit`, else its grace period.
///
/// # Errors
/// Says why not. Connections that are still open in the end are no error.
pub fn retire(layout: &Layout, name: &ContainerName, limit: Option<Duration>) -> Result<(), StandbyError> {
    let own_limit = set_standby(layout, name, true)?;
    let ports = |source| StandbyError::Ports { name: name.clone(), source };
    unless_ended(drain(layout, name)).map_err(ports)?;
    let deadline = Instant::now() + limit.or(own_limit).unwrap_or(DEFAULT_LIMIT);
    wait_drained(layout, name, deadline).map(drop).map_err(ports)
}

/// Keeps it in the record, and tells the supervisor. Returns the container's grace period.
fn set_standby(
    layout: &Layout,
    name: &ContainerName,
    is_standby: bool,
) -> Result<Option<Duration>, StandbyError> {
    let id = find(layout, name)?;
    let broken = |source| StandbyError::Record { name: name.clone(), source: Box::new(source) };
    let record = container::load(layout, &id).map_err(broken)?;
    let mut record = record.ok_or_else(|| NoSuchContainer(name.clone()))?;
    record.spec.standby = is_standby;
    record::write_volatile(&container::record_path(layout, &id), &record).map_err(broken)?;
    // One that does not run reads its record at its next start.
    let _ = stop::ask(layout, name, &id, &Request::Reload);
    Ok(record.spec.stop.grace_period)
}

fn unless_ended(result: Result<(), StopError>) -> Result<(), StopError> {
    match result {
        Err(StopError::NotRunning(_) | StopError::Killed(_)) => Ok(()),
        result => result,
    }
}
