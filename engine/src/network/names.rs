//! Who is called what in a network: one record per endpoint in `run/networks/<name>/endpoints/`,
//! and a generation that tells readers when to look again.

use super::NetworkError;
use crate::state::Layout;
use engine_spec::{ContainerId, NetworkName};
use std::net::IpAddr;

/// Lets the names of a container that runs lead to its address.
///
/// # Errors
/// If the record cannot be written.
pub fn announce(
    _layout: &Layout,
    _network: &NetworkName,
    _container: &ContainerId,
    _names: &[String],
    _address: IpAddr,
) -> Result<(), NetworkError> {
    todo!()
}

/// Keeps the names of a container that stopped, but without an address: they are answered with
/// "no such name" instead of being asked of the host's servers.
///
/// # Errors
/// If the record cannot be written.
pub fn withdraw(_layout: &Layout, _network: &NetworkName, _container: &ContainerId) -> Result<(), NetworkError> {
    todo!()
}

/// Forgets the names of a container that is removed.
///
/// # Errors
/// If the record cannot be removed.
pub fn forget(_layout: &Layout, _network: &NetworkName, _container: &ContainerId) -> Result<(), NetworkError> {
    todo!()
}
