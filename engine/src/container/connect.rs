//! Connecting a container to networks, and taking it out of them, while it runs or not.

use super::stop::{StopError, ask};
use super::{NoSuchContainer, find};
use crate::network;
use crate::state::record::{self, RecordError};
use crate::state::{Layout, container};
use crate::supervisor::message::Request;
use engine_spec::{ContainerName, EndpointSpec, NetworkAction, NetworkMode, NetworkName};

/// A container could not be connected or disconnected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// There is no such network.
    #[error("network {0} does not exist")]
    NoNetwork(NetworkName),
    /// It has a place there.
    #[error("container {name} is already connected to network {network}")]
    Connected {
        /// Which container.
        name: ContainerName,
        /// Which network.
        network: NetworkName,
    },
    /// It has no place there.
    #[error("container {name} is not connected to network {network}")]
    NotConnected {
        /// Which container.
        name: ContainerName,
        /// Which network.
        network: NetworkName,
    },
    /// It has no network of its own.
    #[error(
        "container {name} uses no networks: it was made with the host's network, another container's, or none"
    )]
    Shared {
        /// Which.
        name: ContainerName,
    },
    /// It runs, and could not be changed.
    #[error("cannot change the networks of container {name}")]
    Running {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: StopError,
    },
    /// Its record could not be read or changed.
    #[error("cannot change the record of container {name}")]
    Record {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// It does not run, and its place could not be given back.
    #[error("cannot take container {name} out of the network")]
    Release {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<network::NetworkError>,
    },
}

/// Gives a container a place in one network more; at once if it runs.
///
/// # Errors
/// Says why not; nothing is changed then.
pub fn connect(layout: &Layout, name: &ContainerName, endpoint: &EndpointSpec) -> Result<(), ConnectError> {
    let network = &endpoint.network;
    if !network::exists(layout, network) {
        return Err(ConnectError::NoNetwork(network.clone()));
    }
    change(layout, name, network, |endpoints| {
        if endpoints.iter().any(|place| place.network == *network) {
            return Err(ConnectError::Connected { name: name.clone(), network: network.clone() });
        }
        endpoints.push(endpoint.clone());
        Ok(Request::Connect(Box::new(endpoint.clone())))
    })
}

/// Takes a container out of a network; at once if it runs.
///
/// # Errors
/// Says why not.
pub fn disconnect(layout: &Layout, name: &ContainerName, network: &NetworkName) -> Result<(), ConnectError> {
    change(layout, name, network, |endpoints| {
        let place = endpoints.iter().position(|place| place.network == *network);
        let Some(place) = place else {
            return Err(ConnectError::NotConnected { name: name.clone(), network: network.clone() });
        };
        endpoints.remove(place);
        Ok(Request::Disconnect { network: network.clone() })
    })?;
    let id = find(layout, name)?;
    let released = super::remove::release(layout, network, &id, Some(name));
    released.map_err(|source| ConnectError::Release { name: name.clone(), source: Box::new(source) })
}

/// Changes the running container first, then its record, so that a refusal changes nothing.
fn change(
    layout: &Layout,
    name: &ContainerName,
    network: &NetworkName,
    change: impl FnOnce(&mut Vec<EndpointSpec>) -> Result<Request, ConnectError>,
) -> Result<(), ConnectError> {
    let id = find(layout, name)?;
    let broken = |source| ConnectError::Record { name: name.clone(), source: Box::new(source) };
    let record = container::load(layout, &id).map_err(broken)?;
    let mut record = record.ok_or_else(|| NoSuchContainer(name.clone()))?;
    let NetworkMode::Networks { endpoints } = &mut record.spec.network else {
        return Err(ConnectError::Shared { name: name.clone() });
    };
    let request = change(endpoints)?;
    match ask(layout, name, &id, &request) {
        Ok(()) | Err(StopError::NotRunning(_)) => {}
        Err(source) => return Err(ConnectError::Running { name: name.clone(), source }),
    }
    record::write_volatile(&container::record_path(layout, &id), &record).map_err(broken)?;
    let action = match request {
        Request::Disconnect { .. } => NetworkAction::Disconnect { container: id.clone() },
        _ => NetworkAction::Connect { container: id.clone() },
    };
    network::note_place(layout, network, action);
    // One that does not run reads its record at its next start.
    let _ = ask(layout, name, &id, &Request::Reload);
    Ok(())
}
