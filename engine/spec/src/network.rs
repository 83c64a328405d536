//! Networks, a container's place in them, and published ports.

use crate::{Labels, NetworkName};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network to exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSpec {
    /// Its real name, `<project>_<key>` unless the file names it.
    pub name: NetworkName,
    /// How it is made.
    pub driver: NetworkDriver,
    /// Driver options as given.
    pub driver_opts: BTreeMap<String, String>,
    /// Address pools; empty means one IPv4 pool of the engine's choice.
    pub pools: Vec<IpamPool>,
    /// No way out of the network.
    pub internal: bool,
    /// Whether containers get IPv4 addresses.
    #[serde(default = "yes")]
    pub enable_ipv4: bool,
    /// Whether containers get IPv6 addresses.
    pub enable_ipv6: bool,
    /// Whether single containers may be connected to it, as Swarm asks; here they always may.
    #[serde(default)]
    pub attachable: bool,
    /// Labels, with the project's among them.
    pub labels: Labels,
}

fn yes() -> bool {
    true
}

impl NetworkSpec {
    /// A bridge with one IPv4 pool of the engine's choice.
    #[must_use]
    pub fn new(name: NetworkName) -> Self {
        Self {
            name,
            driver: NetworkDriver::Bridge,
            driver_opts: BTreeMap::new(),
            pools: Vec::new(),
            internal: false,
            enable_ipv4: true,
            enable_ipv6: false,
            attachable: false,
            labels: Labels::new(),
        }
    }
}

/// How a network is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkDriver {
    /// A Linux bridge with NAT to the outside.
    Bridge,
    /// Interfaces with hardware addresses of their own on a link of the host.
    Macvlan,
    /// Interfaces that share the hardware address of a link of the host.
    Ipvlan,
}

impl fmt::Display for NetworkDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bridge => "bridge",
            Self::Macvlan => "macvlan",
            Self::Ipvlan => "ipvlan",
        })
    }
}

/// One address pool of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpamPool {
    /// The whole subnet.
    pub subnet: IpNet,
    /// The part containers get addresses from; `None` is the whole subnet.
    pub ip_range: Option<IpNet>,
    /// The bridge's own address; `None` is the first of the range.
    pub gateway: Option<IpAddr>,
    /// Addresses never handed out, by host name.
    pub aux_addresses: BTreeMap<String, IpAddr>,
}

/// A container's place in one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSpec {
    /// The network's real name.
    pub network: NetworkName,
    /// Names that resolve to this container there, besides its own name and short id.
    pub aliases: Vec<String>,
    /// A fixed IPv4 address.
    pub ipv4_address: Option<Ipv4Addr>,
    /// A fixed IPv6 address.
    pub ipv6_address: Option<Ipv6Addr>,
    /// A fixed MAC address, `aa:bb:cc:dd:ee:ff`.
    pub mac_address: Option<String>,
    /// The interface's name inside; `None` is ethN.
    pub interface_name: Option<String>,
    /// Which network supplies the default route: the highest, then the first name.
    pub gateway_priority: i32,
    /// More addresses of the interface, link-local ones, that the engine neither chooses nor keeps.
    #[serde(default)]
    pub link_local_ips: Vec<IpAddr>,
    /// Driver options of this place alone, as given.
    #[serde(default)]
    pub driver_opts: BTreeMap<String, String>,
}

impl EndpointSpec {
    /// A place in a network with everything left to the engine.
    #[must_use]
    pub fn new(network: NetworkName) -> Self {
        Self {
            network,
            aliases: Vec::new(),
            ipv4_address: None,
            ipv6_address: None,
            mac_address: None,
            interface_name: None,
            gateway_priority: 0,
            link_local_ips: Vec::new(),
            driver_opts: BTreeMap::new(),
        }
    }
}

/// A port to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortSpec {
    /// The host's address; `None` is every address.
    pub host_ip: Option<IpAddr>,
    /// First and last host port to try; `None` is any free one.
    pub published: Option<(u16, u16)>,
    /// The container's port.
    pub target: u16,
    /// The transport.
    pub protocol: Protocol,
}

/// A transport protocol that can be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
    /// Stream Control Transmission Protocol.
    Sctp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        })
    }
}

/// A port as it is published now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PublishedPort {
    /// The host's address; unspecified (`0.0.0.0`) means every address.
    pub host_ip: IpAddr,
    /// The host's port.
    pub host_port: u16,
    /// The container's port.
    pub target: u16,
    /// The transport.
    pub protocol: Protocol,
}

impl fmt::Display for PublishedPort {
    /// Docker's form: `0.0.0.0:8080->80/tcp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let socket = std::net::SocketAddr::new(self.host_ip, self.host_port);
        write!(f, "{socket}->{}/{}", self.target, self.protocol)
    }
}
