//! Changing the limits and the restart policy of a container, while it runs or not.

use super::{NoSuchContainer, StopError, find, stop};
use crate::state::record::{self, RecordError};
use crate::state::{Layout, container, events};
use crate::supervisor::message::Request;
use engine_spec::{ContainerAction, ContainerName, Resources, RestartPolicy};

/// What changes; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Update {
    /// Limits and shares: those that are not `None`.
    pub resources: Resources,
    /// When it is started again.
    pub restart: Option<RestartPolicy>,
}

/// A container could not be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
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
    /// The limits of the running container could not be changed; nothing is.
    #[error("cannot change the limits of container {name}")]
    Limits {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: StopError,
    },
}

/// Changes a container's limits and restart policy, of one that runs at once.
///
/// # Errors
/// Says why not; a limit that the kernel refuses changes nothing.
pub fn update(layout: &Layout, name: &ContainerName, update: &Update) -> Result<(), UpdateError> {
    let id = find(layout, name)?;
    let broken = |source| UpdateError::Record { name: name.clone(), source: Box::new(source) };
    let record = container::load(layout, &id).map_err(broken)?;
    let mut record = record.ok_or_else(|| NoSuchContainer(name.clone()))?;
    merge(&mut record.spec.resources, &update.resources);
    record.spec.restart = update.restart.unwrap_or(record.spec.restart);
    let request = Request::Update { resources: Box::new(record.spec.resources.clone()) };
    match stop::ask(layout, name, &id, &request) {
        Ok(()) | Err(StopError::NotRunning(_)) => {}
        Err(source) => return Err(UpdateError::Limits { name: name.clone(), source }),
    }
    record::write_volatile(&container::record_path(layout, &id), &record).map_err(broken)?;
    events::note_container(layout, &record, ContainerAction::Update);
    // One that does not run reads its record at its next start.
    let _ = stop::ask(layout, name, &id, &Request::Reload);
    Ok(())
}

/// Takes over what is given. Limits that only a start can set are none that can be updated.
fn merge(resources: &mut Resources, update: &Resources) {
    macro_rules! take {
        ($($($field:ident).+),*) => {$(
            if update.$($field).+.is_some() {
                resources.$($field).+.clone_from(&update.$($field).+);
            }
        )*};
    }
    take!(
        memory.limit,
        memory.reservation,
        memory.swap,
        memory.swappiness,
        cpu.nanos,
        cpu.shares,
        cpu.quota,
        cpu.period,
        cpu.set,
        cpu.memory_nodes,
        cpu.realtime_runtime,
        cpu.realtime_period,
        block_io.weight,
        pids_limit
    );
}
