//! Networks of containers: bridges, addresses, names, published ports and the firewall.
//!
//! ```text
//! create/ensure ── ipam (pure) ── record ── bridge ── firewall ── ruleset (pure) ── nft
//! start of a container ── lease ── endpoint::connect (host) ── endpoint::configure (inside)
//!                         port::publish ── names::announce ── resolver::DnsService (supervisor)
//! ```
//! Decisions are pure; effects are one netlink batch each, and `ensure` repeats them without harm,
//! so that a network comes back after a reboot or `nft flush ruleset`.

pub mod endpoint;
pub mod lease;
pub mod names;
pub mod port;
pub mod record;
pub mod resolver;

mod attribute;
mod bridge;
mod firewall;
mod host;
mod hosts;
mod ipam;
mod netlink;
mod nft;
mod resolv_conf;
mod ruleset;

#[cfg(test)]
mod tests;

pub use hosts::hosts;
pub use ipam::IpamError;
pub use netlink::NetlinkError;
pub use record::NetworkRecord;
pub use resolv_conf::resolv_conf;

use crate::state::Layout;
use crate::state::lock::{self, LockError};
use crate::state::record::RecordError;
use engine_spec::{ContainerId, IpamPool, Labels, NetworkDriver, NetworkName, NetworkSpec, ObservedNetwork};
use ipnet::{IpNet, Ipv4Net};
use netlink::Socket;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The network of build steps, and of containers that name none.
const DEFAULT_NETWORK: &str = "bridge";
const HOST_RESOLV_CONF: &str = "/etc/resolv.conf";
const RANDOM: &str = "/dev/urandom";

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
    #[error("cannot turn on IPv4 forwarding")]
    ForwardPackets {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A lease.
    #[error(transparent)]
    Lease(#[from] lease::LeaseError),
    /// The container's interfaces.
    #[error(transparent)]
    Connect(#[from] endpoint::ConnectError),
    /// A published port.
    #[error(transparent)]
    Port(#[from] port::PortError),
    /// The names of containers.
    #[error(transparent)]
    Names(#[from] names::NamesError),
    /// The name server.
    #[error(transparent)]
    Resolver(#[from] resolver::ResolverError),
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

/// Makes a network, or returns the one of that name that exists.
///
/// # Errors
/// Says which step could not be done; a network that could not be made leaves nothing behind.
pub fn create(layout: &Layout, spec: &NetworkSpec) -> Result<ObservedNetwork, NetworkError> {
    let _lock = lock::network(layout, &spec.name)?;
    let _firewall = lock::firewall(layout)?;
    if let Some(record) = record::load(layout, &spec.name)? {
        put_in_place(layout, &record)?;
        return Ok(record.into());
    }
    let record = decide(layout, spec)?;
    let folder = layout.network(&spec.name);
    fs::create_dir_all(&folder).map_err(|source| NetworkError::Store { path: folder, source })?;
    record::save(layout, &record)?;
    if let Err(error) = put_in_place(layout, &record) {
        let undone = take_away(layout, &record);
        undone.unwrap_or_else(|undo| tracing::warn!(%undo, "cannot undo what was made of the network"));
        return Err(error);
    }
    Ok(record.into())
}

/// Chooses what the spec leaves open.
fn decide(layout: &Layout, spec: &NetworkSpec) -> Result<NetworkRecord, NetworkError> {
    let mut socket = Socket::route()?;
    let routes = host::routes(&mut socket)?;
    let links = host::links(&mut socket)?;
    let mut spec = spec.clone();
    complete_pools(&mut spec, &used_subnets(layout, &routes)?)?;
    let mut random = [0; 32];
    let read = File::open(RANDOM).and_then(|mut file| file.read_exact(&mut random));
    read.map_err(|source| NetworkError::Store { path: RANDOM.into(), source })?;
    let id = ContainerId::from_random(random);
    let record = NetworkRecord::new(spec, id, SystemTime::now(), host::default_mtu(&links, &routes));
    if !record::is_link_name(&record.bridge) {
        return Err(NetworkError::BadBridgeName { bridge: record.bridge });
    }
    if links.iter().any(|link| link.name == record.bridge) {
        return Err(NetworkError::ForeignLink { bridge: record.bridge, network: record.spec.name });
    }
    Ok(record)
}

/// Subnets that a new network must stay away from: routes, other networks (whose bridges may be
/// missing now), and the host's name servers.
fn used_subnets(layout: &Layout, routes: &host::Routes) -> Result<Vec<Ipv4Net>, NetworkError> {
    let mut used = routes.destinations.clone();
    for record in record::list(layout)? {
        used.extend(record.pool()?.map(|pool| pool.subnet));
    }
    let host_file = fs::read_to_string(HOST_RESOLV_CONF).unwrap_or_default();
    used.extend(resolv_conf::servers(&host_file).into_iter().filter_map(|server| match server {
        IpAddr::V4(address) => Some(Ipv4Net::from(address)),
        IpAddr::V6(_) => None,
    }));
    Ok(used)
}

/// Chooses an IPv4 subnet if there is none, else checks the one there is; fills in its gateway.
fn complete_pools(spec: &mut NetworkSpec, used: &[Ipv4Net]) -> Result<(), NetworkError> {
    if !spec.pools.iter().any(|pool| matches!(pool.subnet, IpNet::V4(_))) {
        let subnet = IpNet::V4(ipam::choose_subnet(used)?);
        spec.pools.push(IpamPool { subnet, ip_range: None, gateway: None, aux_addresses: BTreeMap::new() });
    }
    for pool in &mut spec.pools {
        if let Some(complete) = ipam::Pool::of(pool)? {
            ipam::check_subnet(complete.subnet, used)?;
            pool.subnet = IpNet::V4(complete.subnet);
            pool.gateway = Some(complete.gateway.into());
        }
    }
    Ok(())
}

/// Brings a network's bridge and rules back, if they are missing.
///
/// # Errors
/// Says which step could not be done.
pub fn ensure(layout: &Layout, network: &NetworkName) -> Result<NetworkRecord, NetworkError> {
    let missing = || NetworkError::Missing { network: network.clone() };
    let _firewall = lock::firewall(layout)?;
    let record = record::load(layout, network)?.ok_or_else(missing)?;
    put_in_place(layout, &record)?;
    Ok(record)
}

/// Makes what stands for the network on the host, as far as it is missing.
fn put_in_place(layout: &Layout, record: &NetworkRecord) -> Result<(), NetworkError> {
    if let Some(pool) = record.pool()? {
        bridge::ensure(&mut Socket::route()?, record, &pool)?;
    }
    firewall::ensure(layout, record)
}

/// Removes a network and all it left on the host; missing parts are no error.
///
/// # Errors
/// If a container holds an address in it, or says which step could not be done.
pub fn remove(layout: &Layout, network: &NetworkName) -> Result<(), NetworkError> {
    let _lock = lock::network(layout, network)?;
    let _firewall = lock::firewall(layout)?;
    if lease::is_any_held(layout, network)? {
        return Err(NetworkError::InUse { network: network.clone() });
    }
    if let Some(record) = record::load(layout, network)? {
        take_away(layout, &record)?;
    }
    remove_unused_default(layout)
}

/// The default network is nobody's to remove, so it goes when it is the only one left and unused.
fn remove_unused_default(layout: &Layout) -> Result<(), NetworkError> {
    match record::list(layout)?.as_slice() {
        [only]
            if only.spec.name.as_str() == DEFAULT_NETWORK
                && !lease::is_any_held(layout, &only.spec.name)? =>
        {
            take_away(layout, only)
        }
        _ => Ok(()),
    }
}

/// Undoes [`put_in_place`], then forgets the network. The record goes last, so that a removal that
/// was interrupted is found and repeated.
fn take_away(layout: &Layout, record: &NetworkRecord) -> Result<(), NetworkError> {
    let name = &record.spec.name;
    let is_last = !record::list(layout)?.iter().any(|other| other.id != record.id);
    firewall::remove(layout, record, is_last)?;
    bridge::remove(&mut Socket::route()?, record)?;
    remove_folder(&layout.run_network(name))?;
    remove_folder(&layout.network(name))
}

fn remove_folder(path: &Path) -> Result<(), NetworkError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(NetworkError::Store { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// All networks, by name.
///
/// # Errors
/// Says which record could not be read.
pub fn list(layout: &Layout) -> Result<Vec<ObservedNetwork>, NetworkError> {
    Ok(record::list(layout)?.into_iter().map(ObservedNetwork::from).collect())
}

/// Makes the predefined network `bridge` that build steps and plain containers use.
///
/// It goes away with the last other network, or by [`remove`].
///
/// # Errors
/// Says which step could not be done.
pub fn ensure_default(layout: &Layout) -> Result<NetworkRecord, NetworkError> {
    let name = NetworkName::new(DEFAULT_NETWORK).expect("a constant that follows the rule");
    match ensure(layout, &name) {
        Err(NetworkError::Missing { .. }) => {
            let spec = NetworkSpec {
                name: name.clone(),
                driver: NetworkDriver::Bridge,
                driver_opts: BTreeMap::new(),
                pools: Vec::new(),
                internal: false,
                enable_ipv6: false,
                labels: Labels::new(),
            };
            create(layout, &spec)?;
            ensure(layout, &name)
        }
        other => other,
    }
}
