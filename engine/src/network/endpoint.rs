//! A container's interfaces: made on the host, configured from within.

use super::NetworkError;
use super::lease::Lease;
use crate::state::Layout;
use engine_spec::{ContainerId, EndpointSpec};
use ipnet::IpNet;
use std::net::IpAddr;
use std::os::fd::OwnedFd;

/// One interface of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name inside: `eth0`.
    pub name: String,
    /// The bridge it is attached to.
    pub bridge: String,
    /// The link group of its network.
    pub group: u32,
    /// The largest packet it carries.
    pub mtu: u32,
    /// Its hardware address.
    pub mac: [u8; 6],
    /// Its addresses with the subnet's length.
    pub addresses: Vec<IpNet>,
    /// Default routes through it; empty unless it is the way out.
    pub gateways: Vec<IpAddr>,
    /// What the host's end is labelled with, to find its owner after a crash.
    pub alias: String,
}

/// Why a container's interfaces could not be configured.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {}

/// Decides names and default route of a container's interfaces, in the order of `endpoints`.
///
/// # Errors
/// If a network's record cannot be read.
pub fn interfaces(
    _layout: &Layout,
    _container: &ContainerId,
    _endpoints: &[(EndpointSpec, Lease)],
) -> Result<Vec<Interface>, NetworkError> {
    todo!()
}

/// Makes the interfaces with their inner ends in the network namespace of process `pid`.
///
/// They vanish with that namespace.
///
/// # Errors
/// Names the interface the kernel refused.
pub fn connect(_pid: i32, _interfaces: &[Interface]) -> Result<(), NetworkError> {
    todo!()
}

/// Run by a process inside the container's network namespace: brings interfaces and loopback up,
/// and with `dns` opens the name server's sockets on 127.0.0.11, UDP first, then TCP.
///
/// # Errors
/// Names the step the kernel refused.
pub fn configure(_interfaces: &[Interface], _dns: bool) -> Result<Vec<OwnedFd>, ConfigureError> {
    todo!()
}

/// Run inside: opens the name server's sockets again, for an adopted container.
///
/// # Errors
/// Names the socket the kernel refused.
pub fn dns_sockets() -> Result<Vec<OwnedFd>, ConfigureError> {
    todo!()
}
