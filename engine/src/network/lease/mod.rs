//! Which container has which address.
//!
//! A lease belongs to a container's id and stays until it is released, so that restarts and reboots
//! keep the address. A released address is remembered for the container's name: who comes next under
//! that name, as after a recreation, gets it again.

mod folder;

use super::ipam::{IpamError, mac_of};
use super::record;
use crate::state::record::RecordError;
use crate::state::{Layout, container};
use engine_spec::{ContainerId, ContainerName, EndpointSpec, NetworkName};
use folder::{Leases, is_known};
use ipnet::IpNet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// A container's addresses in a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The network.
    pub network: NetworkName,
    /// One address per family, IPv4 first.
    pub addresses: Vec<Leased>,
    /// The interface's hardware address.
    pub mac: [u8; 6],
}

/// One address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leased {
    /// The address with its subnet's length.
    pub net: IpNet,
    /// The router to everywhere else; `None` in an internal network.
    pub gateway: Option<IpAddr>,
}

impl Lease {
    /// Its IPv4 address.
    #[must_use]
    pub fn ipv4(&self) -> Option<Ipv4Addr> {
        self.addresses.iter().find_map(|leased| match leased.net {
            IpNet::V4(net) => Some(net.addr()),
            IpNet::V6(_) => None,
        })
    }

    /// Its IPv6 address.
    #[must_use]
    pub fn ipv6(&self) -> Option<Ipv6Addr> {
        self.addresses.iter().find_map(|leased| match leased.net {
            IpNet::V6(net) => Some(net.addr()),
            IpNet::V4(_) => None,
        })
    }

    /// Whether it leads out of its network.
    #[must_use]
    pub fn has_gateway(&self) -> bool {
        self.addresses.iter().any(|leased| leased.gateway.is_some())
    }
}

/// Who takes an address.
#[derive(Debug, Clone, Copy)]
pub struct Lessee<'a> {
    /// The container, whose renaming changes nothing.
    pub id: &'a ContainerId,
    /// Its name, under which released addresses are remembered.
    pub name: &'a ContainerName,
}

/// An address could not be taken or given back.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// There is no such network.
    #[error("network {network} does not exist")]
    NoNetwork {
        /// Which.
        network: NetworkName,
    },
    /// The network has no addresses of that family.
    #[error("network {network} has no subnet for {address}")]
    NoSubnet {
        /// Which.
        network: NetworkName,
        /// The address that was asked for.
        address: IpAddr,
    },
    /// No address can be chosen, or the asked-for one is none of the network's.
    #[error("cannot choose an address in network {network}")]
    Ipam {
        /// Which network.
        network: NetworkName,
        /// Why.
        #[source]
        source: IpamError,
    },
    /// Another container has the asked-for address.
    #[error("address {address} in network {network} is held by {holder}")]
    Held {
        /// Which address.
        address: IpAddr,
        /// In which network.
        network: NetworkName,
        /// By whom.
        holder: String,
    },
    /// The asked-for hardware address cannot be read.
    #[error("`{text}` is not a MAC address: expected six pairs of hex digits like 02:42:ac:11:00:02")]
    BadMac {
        /// What was asked for.
        text: String,
    },
    /// The network's record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A lease cannot be read, written or removed.
    #[error("cannot keep the leases in {path}")]
    Store {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Takes addresses for a container, or returns those it has.
///
/// # Errors
/// If an asked-for address is taken or outside of the network, or none is left.
pub fn lease(layout: &Layout, endpoint: &EndpointSpec, lessee: Lessee<'_>) -> Result<Lease, LeaseError> {
    let network = &endpoint.network;
    let missing = || LeaseError::NoNetwork { network: network.clone() };
    let record = record::load(layout, network)?.ok_or_else(missing)?;
    let fail = |source| LeaseError::Ipam { network: network.clone(), source };
    let pools = record.pools().map_err(fail)?;
    let wishes = [endpoint.ipv4_address.map(IpAddr::V4), endpoint.ipv6_address.map(IpAddr::V6)];
    let is_covered = |wish: &IpAddr| pools.iter().any(|pool| pool.subnet.addr().is_ipv4() == wish.is_ipv4());
    if let Some(address) = wishes.into_iter().flatten().find(|wish| !is_covered(wish)) {
        return Err(LeaseError::NoSubnet { network: network.clone(), address });
    }
    let leases = Leases::open(layout, network)?;
    let mut addresses = Vec::new();
    for pool in &pools {
        let wish = wishes.into_iter().flatten().find(|wish| wish.is_ipv4() == pool.subnet.addr().is_ipv4());
        let address = match wish {
            Some(wish) => {
                pool.check_address(wish).map_err(fail)?;
                leases.take(wish, lessee, network).map_err(|error| name_holder(layout, error))?
            }
            None => leases.take_any(pool, lessee, |holder| is_known(layout, holder))?.map_err(fail)?,
        };
        let net = IpNet::new(address, pool.subnet.prefix_len()).unwrap_or_else(|_| IpNet::from(address));
        let gateway = record.has_way_out().then_some(pool.gateway);
        addresses.push(Leased { net, gateway });
    }
    let first = addresses.first().map_or(Ipv4Addr::UNSPECIFIED.into(), |leased| leased.net.addr());
    let mac = endpoint.mac_address.as_deref().map_or_else(|| Ok(mac_of(first)), parse_mac)?;
    Ok(Lease { network: network.clone(), addresses, mac })
}

/// Says who holds an address by the name people know.
fn name_holder(layout: &Layout, error: LeaseError) -> LeaseError {
    let LeaseError::Held { address, network, holder } = error else { return error };
    let id = ContainerId::try_from(holder.clone()).ok();
    let record = id.and_then(|id| container::load(layout, &id).ok().flatten());
    let holder = record.map_or(holder, |record| record.spec.name.to_string());
    LeaseError::Held { address, network, holder }
}

/// Gives back what a container holds in a network; nothing held is no error. With a name, the next
/// container called so gets it again.
///
/// # Errors
/// If a lease cannot be read, changed or removed.
pub fn release(
    layout: &Layout,
    network: &NetworkName,
    container: &ContainerId,
    remembered_for: Option<&ContainerName>,
) -> Result<(), LeaseError> {
    let Some(leases) = Leases::open_existing(layout, network)? else { return Ok(()) };
    for address in leases.held_by(container.as_str())? {
        match remembered_for {
            Some(name) => leases.remember(address, name)?,
            None => leases.give_back(address)?,
        }
    }
    Ok(())
}

/// Whether anybody holds an address of a network. Leases of what does not exist any more, left by a
/// crash, are given back on the way.
pub(super) fn is_any_held(layout: &Layout, network: &NetworkName) -> Result<bool, LeaseError> {
    let Some(leases) = Leases::open_existing(layout, network)? else { return Ok(false) };
    leases.reclaim(|holder| is_known(layout, holder))?;
    leases.is_any_held()
}

/// `aa:bb:cc:dd:ee:ff`, also with dashes.
fn parse_mac(text: &str) -> Result<[u8; 6], LeaseError> {
    let bad = || LeaseError::BadMac { text: text.to_owned() };
    let pairs = text.split([':', '-']).map(|pair| {
        // The parser of numbers would take a sign, too.
        let is_pair = pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_pair.then(|| u8::from_str_radix(pair, 16).ok()).flatten()
    });
    pairs.collect::<Option<Vec<u8>>>().and_then(|bytes| bytes.try_into().ok()).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mac_addresses_are_six_pairs() {
        assert_eq!(parse_mac("02:42:AC-11:00:02").expect("valid"), [2, 0x42, 0xac, 0x11, 0, 2]);
        for text in ["", "02:42", "02:42:ac:11:00:0", "02:42:ac:11:00:+2", "02:42:ac:11:00:02:03"] {
            assert!(parse_mac(text).is_err(), "{text}");
        }
    }
}
