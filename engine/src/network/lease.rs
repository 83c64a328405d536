//! Which container has which address, as one symbolic link per address:
//! `networks/<name>/leases/<address>` points at the container's name.
//!
//! symlink(2) creates the entry and its content in one step and fails where one exists, so no
//! crash can hand out an address twice or leave a half-written lease. A lease belongs to the
//! container's name and stays until it is released, so restarts and recreations keep the address.

use super::NetworkError;
use crate::state::Layout;
use engine_spec::{ContainerName, EndpointSpec, NetworkName};
use std::net::Ipv4Addr;

/// An address in a network, held for a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The network.
    pub network: NetworkName,
    /// The address.
    pub address: Ipv4Addr,
    /// The subnet's length in bits.
    pub prefix: u8,
    /// The bridge's address; `None` in an internal network.
    pub gateway: Option<Ipv4Addr>,
    /// The interface's hardware address.
    pub mac: [u8; 6],
}

/// Takes an address for a container, or returns the one it has.
///
/// # Errors
/// If the asked-for address is taken or outside of the network, or no address is left.
pub fn lease(
    _layout: &Layout,
    _endpoint: &EndpointSpec,
    _container: &ContainerName,
) -> Result<Lease, NetworkError> {
    todo!()
}

/// Gives back what a container holds in a network; nothing held is no error.
///
/// # Errors
/// If a lease cannot be read or removed.
pub fn release(
    _layout: &Layout,
    _network: &NetworkName,
    _container: &ContainerName,
) -> Result<(), NetworkError> {
    todo!()
}
