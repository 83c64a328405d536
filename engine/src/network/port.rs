//! Published ports: one map element each, and a bound socket that keeps the port from others.

use super::NetworkError;
use crate::state::Layout;
use engine_spec::{ContainerId, PortSpec, PublishedPort};
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;

/// Publishes a container's ports on the host in one transaction.
///
/// The guards are bound and never listen; the ports stay taken as long as they are open.
///
/// # Errors
/// Names the port that is taken, and by which container if it is one of ours.
pub fn publish(
    _layout: &Layout,
    _container: &ContainerId,
    _address: Ipv4Addr,
    _ports: &[PortSpec],
) -> Result<(Vec<PublishedPort>, Vec<OwnedFd>), NetworkError> {
    todo!()
}

/// Ends what [`publish`] began; the caller closes the guards. Nothing published is no error.
///
/// # Errors
/// If the rules or the record cannot be removed.
pub fn unpublish(_layout: &Layout, _container: &ContainerId) -> Result<(), NetworkError> {
    todo!()
}

/// Takes the guards of ports that are published already, for an adopted container.
///
/// # Errors
/// Names the port that is taken by now.
pub fn guard(_ports: &[PublishedPort]) -> Result<Vec<OwnedFd>, NetworkError> {
    todo!()
}
