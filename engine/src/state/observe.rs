//! One look at everything there is.

use super::Layout;
use super::container::{self, ResolveError};
use super::record::RecordError;
use crate::image::{Store, StoreError};
use crate::network::{self, NetworkError};
use crate::volume::{self, VolumeError};
use engine_spec::{ContainerId, Observed, ObservedContainer, ProjectName};

/// The engine's state could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The containers could not be listed.
    #[error("cannot list the containers")]
    List(#[source] ResolveError),
    /// A container's record could not be read.
    #[error("cannot read the state of container {}", id.short())]
    Container {
        /// Which.
        id: ContainerId,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// The networks could not be listed.
    #[error("cannot list the networks")]
    Networks(#[source] NetworkError),
    /// The volumes could not be listed.
    #[error("cannot list the volumes")]
    Volumes(#[source] VolumeError),
    /// The images could not be listed.
    #[error("cannot list the images")]
    Images(#[source] StoreError),
}

/// Looks at all containers, or only at those of `project`.
///
/// Networks, volumes and images may be shared between projects, so they are always complete.
///
/// # Errors
/// Names the record that could not be read.
pub fn observe(layout: &Layout, project: Option<&ProjectName>) -> Result<Observed, ObserveError> {
    let networks = network::list(layout).map_err(ObserveError::Networks)?;
    let volumes = volume::list(layout).map_err(ObserveError::Volumes)?;
    let images = Store::open(layout).names().map_err(ObserveError::Images)?;
    Ok(Observed { containers: containers(layout, project)?, networks, volumes, images })
}

fn containers(
    layout: &Layout,
    project: Option<&ProjectName>,
) -> Result<Vec<ObservedContainer>, ObserveError> {
    let mut containers = Vec::new();
    for id in container::ids(layout).map_err(ObserveError::List)? {
        let observed = observe_container(layout, &id)
            .map_err(|source| ObserveError::Container { id, source: Box::new(source) })?;
        containers.extend(observed.filter(|found| project.is_none_or(|project| found.is_of(project))));
    }
    containers.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(containers)
}

/// `None` for a container that is only half made.
fn observe_container(layout: &Layout, id: &ContainerId) -> Result<Option<ObservedContainer>, RecordError> {
    let Some(record) = container::load(layout, id)? else { return Ok(None) };
    let status = container::status(layout, id)?;
    Ok(Some(ObservedContainer {
        id: record.id,
        spec: record.spec,
        status: status.status,
        created_at: record.created_at,
        endpoints: status.endpoints,
        ports: status.ports,
        volumes: record.volumes,
    }))
}
