//! How work on a network fails.

use super::endpoint::ConnectError;
use super::ipam::IpamError;
use super::lease::LeaseError;
use super::names::NamesError;
use super::netlink::NetlinkError;
use super::options::OptionError;
use super::port::PortError;
use super::resolver::ResolverError;
use super::uplink::UplinkError;
use crate::state::lock::LockError;
use crate::state::record::RecordError;
use engine_spec::NetworkName;
use std::io;
use std::path::PathBuf;

/// A network could not be made, repaired, listed or removed.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// There is no such network.
    #[error("network {network} does not exist")]
    Missing {
        /// Which.
        network: NetworkName,
    },
    /// Containers hold addresses in it.
    #[error("network {network} is still used by a container")]
    InUse {
        /// Which.
        network: NetworkName,
    },
    /// Its subnets cannot be chosen or used.
    #[error(transparent)]
    Ipam(#[from] IpamError),
    /// A driver option means nothing.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The parent of macvlan or ipvlan interfaces.
    #[error(transparent)]
    Uplink(#[from] UplinkError),
    /// A link of that name is there and is not ours.
    #[error("link {bridge} exists on this host and does not belong to network {network}")]
    ForeignLink {
        /// The link.
        bridge: String,
        /// The network that wants it.
        network: NetworkName,
    },
    /// The name is too long for a link.
    #[error("`{bridge}` is no name for a bridge: use at most 15 letters, digits, `_`, `.` and `-`")]
    BadBridgeName {
        /// The name.
        bridge: String,
    },
    /// The kernel refused.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
    /// The kernel does not let us turn on forwarding.
    #[error("cannot turn on {family} forwarding")]
    ForwardPackets {
        /// Of which family.
        family: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A lease.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The container's interfaces.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A published port.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The names of containers.
    #[error(transparent)]
    Names(#[from] NamesError),
    /// The name server.
    #[error(transparent)]
    Resolver(#[from] ResolverError),
    /// Its record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A folder, or the random numbers for an id.
    #[error("cannot read or change {path}")]
    Store {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
