//! Leases as symbolic links, one per address.
//!
//! ```text
//! networks/<name>/leases/<address> -> <container's id>        held
//! networks/<name>/leases/<address> -> name:<container>        remembered
//! ```
//! symlink(2) creates the entry and its content in one step and fails where one exists, so no
//! crash can hand out an address twice or leave a half-written lease. The folder is locked while
//! somebody chooses (flock(2)).

use super::{LeaseError, Lessee};
use crate::network::ipam::{IpamError, Pool};
use crate::state::Layout;
use engine_spec::{ContainerName, NetworkName};
use nix::fcntl::{Flock, FlockArg};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Before the name that an address is remembered for; no id and no name holds a colon.
const REMEMBERED: &str = "name:";
/// Where a link is made before it is renamed over another.
const BESIDE: &str = ".beside";

/// The leases of one network, locked.
pub(super) struct Leases {
    folder: PathBuf,
    _lock: Flock<File>,
}

impl Leases {
    /// Opens them, making the folder if need be.
    pub(super) fn open(layout: &Layout, network: &NetworkName) -> Result<Self, LeaseError> {
        Self::at(folder(layout, network))
    }

    /// Opens them where there are any.
    pub(super) fn open_existing(layout: &Layout, network: &NetworkName) -> Result<Option<Self>, LeaseError> {
        let folder = folder(layout, network);
        if folder.exists() { Self::at(folder).map(Some) } else { Ok(None) }
    }

    pub(super) fn at(folder: PathBuf) -> Result<Self, LeaseError> {
        let fail = |source| LeaseError::Store { path: folder.clone(), source };
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(fail(error)),
            _ => {}
        }
        let directory = File::open(&folder).map_err(fail)?;
        let lock = Flock::lock(directory, FlockArg::LockExclusive);
        let lock = lock.map_err(|(_, errno)| fail(errno.into()))?;
        Ok(Self { folder, _lock: lock })
    }

    /// What each address is linked to.
    fn read(&self) -> Result<BTreeMap<IpAddr, String>, LeaseError> {
        let mut links = BTreeMap::new();
        for entry in fs::read_dir(&self.folder).map_err(|source| self.error(source))? {
            let name = entry.map_err(|source| self.error(source))?.file_name();
            let Some(address) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            let target = fs::read_link(self.path(address)).map_err(|source| self.error(source))?;
            links.insert(address, target.to_string_lossy().into_owned());
        }
        Ok(links)
    }

    /// The addresses that a holder has.
    pub(super) fn held_by(&self, holder: &str) -> Result<Vec<IpAddr>, LeaseError> {
        let held = self.read()?.into_iter().filter(|(_, found)| found == holder);
        Ok(held.map(|(address, _)| address).collect())
    }

    /// Whether anybody holds an address; remembering is not holding.
    pub(super) fn is_any_held(&self) -> Result<bool, LeaseError> {
        Ok(self.read()?.values().any(|holder| !holder.starts_with(REMEMBERED)))
    }

    /// Gives back what holders have that are not there any more.
    pub(super) fn reclaim(&self, is_known: impl Fn(&str) -> bool) -> Result<(), LeaseError> {
        for (address, holder) in self.read()? {
            if !holder.starts_with(REMEMBERED) && !is_known(&holder) {
                self.give_back(address)?;
            }
        }
        Ok(())
    }

    /// Takes one address; it may be the container's already. What else of the family it holds is
    /// given back.
    pub(super) fn take(
        &self,
        address: IpAddr,
        lessee: Lessee<'_>,
        network: &NetworkName,
    ) -> Result<IpAddr, LeaseError> {
        let links = self.read()?;
        match links.get(&address) {
            Some(holder) if holder == lessee.id.as_str() => {}
            Some(holder) if !holder.starts_with(REMEMBERED) => {
                let (network, holder) = (network.clone(), holder.clone());
                return Err(LeaseError::Held { address, network, holder });
            }
            Some(_) | None => self.link(address, lessee.id.as_str())?,
        }
        for (other, holder) in links {
            if other != address && other.is_ipv4() == address.is_ipv4() && holder == lessee.id.as_str() {
                self.give_back(other)?;
            }
        }
        Ok(address)
    }

    /// The container's own address, else the one its name had, else the lowest free one. Only where
    /// none is left are those taken that others left behind or are remembered for.
    pub(super) fn take_any(
        &self,
        pool: &Pool,
        lessee: Lessee<'_>,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Result<IpAddr, IpamError>, LeaseError> {
        let links = self.read()?;
        let of = |holder: &str| {
            let own = links
                .iter()
                .find(|(address, found)| *found == holder && pool.check_address(**address).is_ok());
            own.map(|(address, _)| *address)
        };
        if let Some(address) = of(lessee.id.as_str()) {
            return Ok(Ok(address));
        }
        let all: BTreeSet<IpAddr> = links.keys().copied().collect();
        let remembered = of(&format!("{REMEMBERED}{}", lessee.name));
        let free = remembered.map_or_else(|| pool.choose_address(&all), Ok);
        let chosen = free.or_else(|_| {
            let held = links.iter().filter(|(_, holder)| !holder.starts_with(REMEMBERED) && is_known(holder));
            pool.choose_address(&held.map(|(address, _)| *address).collect())
        });
        if let Ok(address) = chosen {
            self.link(address, lessee.id.as_str())?;
        }
        Ok(chosen)
    }

    /// Keeps an address for who comes next under a name.
    pub(super) fn remember(&self, address: IpAddr, name: &ContainerName) -> Result<(), LeaseError> {
        self.link(address, &format!("{REMEMBERED}{name}"))
    }

    /// Frees an address.
    pub(super) fn give_back(&self, address: IpAddr) -> Result<(), LeaseError> {
        match fs::remove_file(self.path(address)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(self.error(source)),
            _ => Ok(()),
        }
    }

    /// Links an address, in place of what it was linked to.
    fn link(&self, address: IpAddr, to: &str) -> Result<(), LeaseError> {
        let path = self.path(address);
        let made = match symlink(Path::new(to), &path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let beside = self.folder.join(BESIDE);
                // What a killed command left of the same attempt.
                let _ = fs::remove_file(&beside);
                symlink(Path::new(to), &beside).and_then(|()| fs::rename(&beside, &path))
            }
            made => made,
        };
        made.map_err(|source| self.error(source))
    }

    fn path(&self, address: IpAddr) -> PathBuf {
        self.folder.join(address.to_string())
    }

    fn error(&self, source: io::Error) -> LeaseError {
        LeaseError::Store { path: self.folder.clone(), source }
    }
}

fn folder(layout: &Layout, network: &NetworkName) -> PathBuf {
    layout.network(network).join("leases")
}

/// Whether a container of that id exists, or a build step of that id runs.
pub(super) fn is_known(layout: &Layout, holder: &str) -> bool {
    let places = [layout.containers(), layout.run().join("containers")];
    places.iter().any(|place| fs::symlink_metadata(place.join(holder)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::{ContainerId, IpamPool};

    struct Bench {
        folder: PathBuf,
        pool: Pool,
        network: NetworkName,
    }

    /// A container of that number, and its name.
    fn container(number: u8) -> (ContainerId, ContainerName) {
        let name = ContainerName::new(format!("web-{number}")).expect("name");
        (ContainerId::from_random([number; 32]), name)
    }

    impl Bench {
        /// Leases in a folder of their own, of a subnet with room for `10.0.0.2` to `10.0.0.6`.
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("lighter-lease-{name}-{}", std::process::id()));
            let pool = IpamPool {
                subnet: "10.0.0.0/29".parse().expect("subnet"),
                ip_range: None,
                gateway: None,
                aux_addresses: BTreeMap::new(),
            };
            let pool = Pool::of(&pool).expect("valid");
            Self { folder, pool, network: NetworkName::new("net").expect("name") }
        }

        fn leases(&self) -> Leases {
            Leases::at(self.folder.clone()).expect("opened")
        }

        /// The last number of the address that a container takes; everybody is known.
        fn take(&self, number: u8) -> Option<u8> {
            self.take_among(number, |_| true)
        }

        fn take_among(&self, number: u8, is_known: impl Fn(&str) -> bool) -> Option<u8> {
            let (id, name) = container(number);
            let lessee = Lessee { id: &id, name: &name };
            let taken = self.leases().take_any(&self.pool, lessee, is_known).expect("kept");
            taken.ok().map(|address| match address {
                IpAddr::V4(address) => address.octets()[3],
                IpAddr::V6(_) => panic!("an IPv4 pool"),
            })
        }
    }

    impl Drop for Bench {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    #[test]
    fn address_stays_with_its_container_until_released() {
        let bench = Bench::new("kept");
        assert_eq!([1, 2, 1].map(|number| bench.take(number)), [Some(2), Some(3), Some(2)]);
        bench.leases().give_back([10, 0, 0, 2].into()).expect("given back");
        assert_eq!([3, 1].map(|number| bench.take(number)), [Some(2), Some(4)]);
    }

    #[test]
    fn released_address_waits_for_its_name() {
        let bench = Bench::new("remembered");
        assert_eq!([1, 2].map(|number| bench.take(number)), [Some(2), Some(3)]);
        let (_, name) = container(9);
        bench.leases().remember([10, 0, 0, 2].into(), &name).expect("kept");
        assert!(bench.leases().is_any_held().expect("read"), "3 is held");
        assert_eq!([3, 9].map(|number| bench.take(number)), [Some(4), Some(2)]);
    }

    #[test]
    fn full_pool_gives_out_what_is_only_remembered_and_what_the_dead_held() {
        let bench = Bench::new("full");
        assert_eq!([1, 2, 3, 4, 5].map(|number| bench.take(number)), [2, 3, 4, 5, 6].map(Some));
        assert_eq!(bench.take(6), None, "exhausted");
        bench.leases().remember([10, 0, 0, 4].into(), &container(8).1).expect("kept");
        assert_eq!(bench.take(6), Some(4));
        let dead = container(2).0;
        assert_eq!(bench.take_among(7, |holder| holder != dead.as_str()), Some(3));
    }

    #[test]
    fn asked_for_address_of_another_is_refused_by_name() {
        let bench = Bench::new("static");
        let (address, first, second) = (IpAddr::from([10, 0, 0, 5]), container(1), container(2));
        let take = |(id, name): &(ContainerId, ContainerName)| {
            bench.leases().take(address, Lessee { id, name }, &bench.network)
        };
        take(&first).expect("free");
        take(&first).expect("already its own");
        assert!(matches!(take(&second), Err(LeaseError::Held { holder, .. }) if holder == first.0.as_str()));
    }

    #[test]
    fn two_at_once_never_get_one_address() {
        let bench = Bench::new("race");
        let taken = std::thread::scope(|scope| {
            let threads = [1, 2, 3, 4, 5].map(|number| {
                scope.spawn({
                    let bench = &bench;
                    move || bench.take(number)
                })
            });
            threads.map(|thread| thread.join().expect("joined"))
        });
        assert_eq!(BTreeSet::from(taken), [2, 3, 4, 5, 6].map(Some).into());
    }
}
