//! Who is called what in a network.
//!
//! ```text
//! run/networks/<name>/endpoints/<container>   a record: names and address
//! run/networks/<name>/generation              grows by one byte with each change of a record
//! ```
//! Whoever changes a record appends to the second file afterwards; whoever reads remembers its
//! length from before. Appending is atomic among processes, and asking for a length costs a
//! name server 0.2 us per query, so there is no registry process and no watch.

use crate::state::Layout;
use crate::state::record::{self, Record, RecordError};
use dns::table::{Endpoint, Network, Table};
use engine_spec::{ContainerId, NetworkName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Names could not be announced, withdrawn or read.
#[derive(Debug, thiserror::Error)]
pub enum NamesError {
    /// A record could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The folder or the generation could not be read or written.
    #[error("cannot keep the names in {path}")]
    Store {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A container's names in a network.
#[derive(Debug, Serialize, Deserialize)]
struct Announcement {
    names: Vec<String>,
    /// None while it is down.
    addresses: Vec<IpAddr>,
}

impl Record for Announcement {
    const KIND: &'static str = "endpoint";
    const VERSION: u32 = 2;
}

/// Lets the names of a container that runs lead to its address.
///
/// # Errors
/// If the record cannot be written.
pub fn announce(
    layout: &Layout,
    network: &NetworkName,
    container: &ContainerId,
    names: &[String],
    addresses: &[IpAddr],
) -> Result<(), NamesError> {
    let folder = Folder::make(layout, network)?;
    let announcement = Announcement { names: names.to_vec(), addresses: addresses.to_vec() };
    record::write_volatile(&folder.record(container), &announcement)?;
    folder.count_change()
}

/// Keeps the names of a container that stopped, but without an address: they are answered with
/// "no such name" instead of being asked of the host's servers.
///
/// # Errors
/// If the record cannot be written.
pub fn withdraw(layout: &Layout, network: &NetworkName, container: &ContainerId) -> Result<(), NamesError> {
    let folder = Folder::of(layout, network);
    let path = folder.record(container);
    let Some(announcement) = record::read::<Announcement>(&path)? else { return Ok(()) };
    record::write_volatile(&path, &Announcement { addresses: Vec::new(), ..announcement })?;
    folder.count_change()
}

/// Forgets the names of a container that is removed.
///
/// # Errors
/// If the record cannot be removed.
pub fn forget(layout: &Layout, network: &NetworkName, container: &ContainerId) -> Result<(), NamesError> {
    let folder = Folder::of(layout, network);
    let path = folder.record(container);
    match fs::remove_file(&path) {
        Ok(()) => folder.count_change(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(NamesError::Store { path, source }),
    }
}

/// Where a network's names are.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn of(layout: &Layout, network: &NetworkName) -> Self {
        Self { path: layout.run_network(network) }
    }

    fn make(layout: &Layout, network: &NetworkName) -> Result<Self, NamesError> {
        let folder = Self::of(layout, network);
        fs::create_dir_all(folder.endpoints()).map_err(|source| folder.error(source))?;
        Ok(folder)
    }

    fn endpoints(&self) -> PathBuf {
        self.path.join("endpoints")
    }

    fn record(&self, container: &ContainerId) -> PathBuf {
        self.endpoints().join(container.as_str())
    }

    fn generation(&self) -> io::Result<File> {
        OpenOptions::new().append(true).create(true).open(self.path.join("generation"))
    }

    fn count_change(&self) -> Result<(), NamesError> {
        let counted = self.generation().and_then(|mut file| file.write_all(b"\n"));
        counted.map_err(|source| self.error(source))
    }

    /// All records; one that is just being replaced or removed is read next time.
    fn read(&self) -> Result<Vec<Endpoint>, NamesError> {
        let mut endpoints = Vec::new();
        for entry in fs::read_dir(self.endpoints()).map_err(|source| self.error(source))? {
            let path = entry.map_err(|source| self.error(source))?.path();
            if path.extension().is_none() {
                endpoints.extend(read_endpoint(&path)?);
            }
        }
        Ok(endpoints)
    }

    fn error(&self, source: io::Error) -> NamesError {
        NamesError::Store { path: self.path.clone(), source }
    }
}

fn read_endpoint(path: &Path) -> Result<Option<Endpoint>, NamesError> {
    let announcement = record::read::<Announcement>(path)?;
    Ok(announcement.map(|Announcement { names, addresses }| Endpoint { names, addresses }))
}

/// A view of several networks' names that is up to date whenever it is asked for.
#[derive(Debug)]
pub(super) struct Directory {
    networks: Vec<Watched>,
    links: BTreeMap<String, String>,
    table: Table,
}

#[derive(Debug)]
struct Watched {
    name: NetworkName,
    folder: Folder,
    generation: File,
    seen: Option<u64>,
}

impl Directory {
    /// Of `networks` in the order they are searched, with `links` from names to names.
    pub(super) fn open(
        layout: &Layout,
        networks: Vec<NetworkName>,
        links: BTreeMap<String, String>,
    ) -> Result<Self, NamesError> {
        let watch = |name: NetworkName| {
            let folder = Folder::make(layout, &name)?;
            let generation = folder.generation().map_err(|source| folder.error(source))?;
            Ok(Watched { name, folder, generation, seen: None })
        };
        let networks = networks.into_iter().map(watch).collect::<Result<_, NamesError>>()?;
        Ok(Self { networks, links, table: Table::default() })
    }

    /// The names as they are now. What cannot be read leaves the last good view in place.
    pub(super) fn table(&mut self) -> &Table {
        let now: Vec<_> =
            self.networks.iter().map(|network| network.generation.metadata().map(|m| m.len()).ok()).collect();
        let is_stale =
            self.networks.iter().zip(&now).any(|(network, now)| network.seen != *now || now.is_none());
        if is_stale {
            match self.read() {
                Ok(table) => {
                    self.table = table;
                    self.networks.iter_mut().zip(now).for_each(|(network, now)| network.seen = now);
                }
                Err(error) => tracing::debug!(%error, "keeping the names as they were"),
            }
        }
        &self.table
    }

    fn read(&self) -> Result<Table, NamesError> {
        let networks = self
            .networks
            .iter()
            .map(|network| Ok(Network { name: network.name.to_string(), endpoints: network.folder.read()? }));
        Ok(Table::new(networks.collect::<Result<_, NamesError>>()?).with_links(&self.links))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dns::table::Found;

    #[test]
    fn directory_follows_what_is_announced_and_withdrawn() {
        let root = std::env::temp_dir().join(format!("lighter-names-{}", std::process::id()));
        let layout = Layout::at(&root);
        let network = NetworkName::new("shop_default").expect("name");
        let container = ContainerId::from_random([7; 32]);
        let address = IpAddr::from([10, 0, 0, 2]);
        let links = BTreeMap::from([("site".to_owned(), "web".to_owned())]);
        let mut directory = Directory::open(&layout, vec![network.clone()], links).expect("opened");

        assert_eq!(directory.table().find("web"), Found::Unknown);
        announce(&layout, &network, &container, &["web".into()], &[address]).expect("announced");
        for name in ["web", "site"] {
            assert_eq!(directory.table().find(name), Found::Addresses(vec![address]));
        }
        withdraw(&layout, &network, &container).expect("withdrawn");
        for name in ["web", "site"] {
            assert_eq!(directory.table().find(name), Found::Down);
        }
        forget(&layout, &network, &container).expect("forgotten");
        assert_eq!(directory.table().find("web"), Found::Unknown);
        fs::remove_dir_all(root).expect("removed");
    }
}
