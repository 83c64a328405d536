//! Which container has which address, as one symbolic link per address:
//! `networks/<name>/leases/<address>` points at the container's name.
//!
//! symlink(2) creates the entry and its content in one step and fails where one exists, so no
//! crash can hand out an address twice or leave a half-written lease. A lease belongs to the
//! container's name and stays until it is released, so restarts and reboots keep the address.

use super::ipam::{IpamError, Pool, mac_of};
use super::record;
use crate::state::Layout;
use crate::state::record::RecordError;
use engine_spec::{ContainerName, EndpointSpec, NetworkName};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

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

/// An address could not be taken or given back.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// There is no such network.
    #[error("network {network} does not exist")]
    NoNetwork {
        /// Which.
        network: NetworkName,
    },
    /// The network has no IPv4 addresses.
    #[error("network {network} has no IPv4 subnet")]
    NoSubnet {
        /// Which.
        network: NetworkName,
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
        address: Ipv4Addr,
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

/// Takes an address for a container, or returns the one it has.
///
/// # Errors
/// If the asked-for address is taken or outside of the network, or no address is left.
pub fn lease(
    layout: &Layout,
    endpoint: &EndpointSpec,
    container: &ContainerName,
) -> Result<Lease, LeaseError> {
    let network = &endpoint.network;
    let missing = || LeaseError::NoNetwork { network: network.clone() };
    let record = record::load(layout, network)?.ok_or_else(missing)?;
    let fail = |source| LeaseError::Ipam { network: network.clone(), source };
    let no_subnet = || LeaseError::NoSubnet { network: network.clone() };
    let pool = record.pool().map_err(fail)?.ok_or_else(no_subnet)?;
    let leases = Leases::open(layout, network)?;
    let address = match endpoint.ipv4_address {
        Some(address) => {
            pool.check_address(address).map_err(fail)?;
            leases.take(address, container, network)?
        }
        None => leases.take_any(&pool, container, network)?,
    };
    Ok(Lease {
        network: network.clone(),
        address,
        prefix: pool.subnet.prefix_len(),
        gateway: (!record.spec.internal).then_some(pool.gateway),
        mac: endpoint.mac_address.as_deref().map_or_else(|| Ok(mac_of(address)), parse_mac)?,
    })
}

/// Gives back what a container holds in a network; nothing held is no error.
///
/// # Errors
/// If a lease cannot be read or removed.
pub fn release(layout: &Layout, network: &NetworkName, container: &ContainerName) -> Result<(), LeaseError> {
    let leases = Leases { folder: folder(layout, network) };
    let mut held = leases.read()?.into_iter().filter(|(_, holder)| holder == container.as_str());
    held.try_for_each(|(address, _)| leases.give_back(address))
}

/// Whether anybody holds an address of a network. Leases of what does not exist any more, left by a
/// crash, are given back on the way.
pub(super) fn is_any_held(layout: &Layout, network: &NetworkName) -> Result<bool, LeaseError> {
    let leases = Leases { folder: folder(layout, network) };
    let mut is_held = false;
    for (address, holder) in leases.read()? {
        if is_known(layout, &holder) {
            is_held = true;
        } else {
            leases.give_back(address)?;
        }
    }
    Ok(is_held)
}

/// Whether a container of that name or id exists, or a build step of that id runs.
fn is_known(layout: &Layout, holder: &str) -> bool {
    let places = [layout.names(), layout.containers(), layout.run().join("containers")];
    places.iter().any(|place| fs::symlink_metadata(place.join(holder)).is_ok())
}

fn folder(layout: &Layout, network: &NetworkName) -> PathBuf {
    layout.network(network).join("leases")
}

/// The leases of one network.
struct Leases {
    folder: PathBuf,
}

impl Leases {
    fn open(layout: &Layout, network: &NetworkName) -> Result<Self, LeaseError> {
        let leases = Self { folder: folder(layout, network) };
        match fs::create_dir(&leases.folder) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => Err(leases.error(source)),
            _ => Ok(leases),
        }
    }

    /// Holders by address.
    fn read(&self) -> Result<BTreeMap<Ipv4Addr, String>, LeaseError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            entries => entries.map_err(|source| self.error(source))?,
        };
        let mut holders = BTreeMap::new();
        for entry in entries {
            let name = entry.map_err(|source| self.error(source))?.file_name();
            let Some(address) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            holders.extend(self.holder(address)?.map(|holder| (address, holder)));
        }
        Ok(holders)
    }

    fn holder(&self, address: Ipv4Addr) -> Result<Option<String>, LeaseError> {
        match fs::read_link(self.path(address)) {
            Ok(holder) => Ok(Some(holder.to_string_lossy().into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.error(source)),
        }
    }

    /// Takes one address; it may be the container's already. What else it holds is given back.
    fn take(
        &self,
        address: Ipv4Addr,
        container: &ContainerName,
        network: &NetworkName,
    ) -> Result<Ipv4Addr, LeaseError> {
        if !self.claim(address, container)? {
            let holder = self.holder(address)?.unwrap_or_default();
            if holder != container.as_str() {
                return Err(LeaseError::Held { address, network: network.clone(), holder });
            }
        }
        for (other, holder) in self.read()? {
            if other != address && holder == container.as_str() {
                self.give_back(other)?;
            }
        }
        Ok(address)
    }

    /// The container's own address, else the lowest free one. Somebody else may be faster; then again.
    fn take_any(
        &self,
        pool: &Pool,
        container: &ContainerName,
        network: &NetworkName,
    ) -> Result<Ipv4Addr, LeaseError> {
        loop {
            let holders = self.read()?;
            let own = holders.iter().find(|(address, holder)| {
                *holder == container.as_str() && pool.check_address(**address).is_ok()
            });
            if let Some((address, _)) = own {
                return Ok(*address);
            }
            let held = holders.into_keys().collect();
            let chosen = pool.choose_address(&held);
            let address = chosen.map_err(|source| LeaseError::Ipam { network: network.clone(), source })?;
            if self.claim(address, container)? {
                return Ok(address);
            }
        }
    }

    /// Whether the address was free and is the container's now.
    fn claim(&self, address: Ipv4Addr, container: &ContainerName) -> Result<bool, LeaseError> {
        match symlink(Path::new(container.as_str()), self.path(address)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(source) => Err(self.error(source)),
        }
    }

    fn give_back(&self, address: Ipv4Addr) -> Result<(), LeaseError> {
        match fs::remove_file(self.path(address)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(self.error(source)),
            _ => Ok(()),
        }
    }

    fn path(&self, address: Ipv4Addr) -> PathBuf {
        self.folder.join(address.to_string())
    }

    fn error(&self, source: io::Error) -> LeaseError {
        LeaseError::Store { path: self.folder.clone(), source }
    }
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
    use engine_spec::IpamPool;

    fn container(name: &str) -> ContainerName {
        ContainerName::new(name).expect("name")
    }

    /// Leases in a folder of their own, of a subnet with room for `10.0.0.2` to `10.0.0.6`.
    fn bench(name: &str) -> (Leases, Pool, NetworkName) {
        let folder = std::env::temp_dir().join(format!("lighter-lease-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("made");
        let pool = IpamPool {
            subnet: "10.0.0.0/29".parse().expect("subnet"),
            ip_range: None,
            gateway: None,
            aux_addresses: BTreeMap::new(),
        };
        let pool = Pool::of(&pool).expect("valid").expect("IPv4");
        (Leases { folder }, pool, NetworkName::new("net").expect("name"))
    }

    #[test]
    fn address_stays_with_its_container_until_released() {
        let (leases, pool, network) = bench("sticky");
        let take = |name: &str| leases.take_any(&pool, &container(name), &network).expect("free").octets()[3];
        assert_eq!((take("a"), take("b"), take("a")), (2, 3, 2));
        leases.give_back(Ipv4Addr::new(10, 0, 0, 2)).expect("given back");
        assert_eq!((take("c"), take("a")), (2, 4));
        fs::remove_dir_all(&leases.folder).expect("removed");
    }

    #[test]
    fn asked_for_address_of_another_is_refused_by_name() {
        let (leases, _, network) = bench("static");
        let address = Ipv4Addr::new(10, 0, 0, 5);
        leases.take(address, &container("a"), &network).expect("free");
        leases.take(address, &container("a"), &network).expect("already its own");
        let refused = leases.take(address, &container("b"), &network);
        assert!(matches!(refused, Err(LeaseError::Held { holder, .. }) if holder == "a"));
        fs::remove_dir_all(&leases.folder).expect("removed");
    }

    #[test]
    fn two_at_once_never_get_one_address() {
        let (leases, pool, network) = bench("race");
        let taken = std::thread::scope(|scope| {
            let take = |name: &'static str| {
                let (leases, pool, network) = (&leases, &pool, &network);
                scope.spawn(move || leases.take_any(pool, &container(name), network).expect("free"))
            };
            let threads = ["a", "b", "c", "d", "e"].map(take);
            threads.map(|thread| thread.join().expect("joined"))
        });
        assert_eq!(std::collections::BTreeSet::from(taken).len(), 5);
        fs::remove_dir_all(&leases.folder).expect("removed");
    }

    #[test]
    fn mac_addresses_are_six_pairs() {
        assert_eq!(parse_mac("02:42:AC-11:00:02").expect("valid"), [2, 0x42, 0xac, 0x11, 0, 2]);
        for text in ["", "02:42", "02:42:ac:11:00:0", "02:42:ac:11:00:+2", "02:42:ac:11:00:02:03"] {
            assert!(parse_mac(text).is_err(), "{text}");
        }
    }
}
