//! What containers have published, one record each.
//!
//! ```text
//! run/ports/<group>/<container>      with the others that share its fixed ports
//! run/ports/_/<container>            without a group
//! ```

use super::PortError;
use super::guard::Guard;
use crate::network::ruleset::Forwarding;
use crate::state::record::{self, Record};
use crate::state::{Layout, ProcessRef};
use engine_spec::{ContainerId, PortGroup, PublishedPort};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};

/// No group can be called so.
const UNGROUPED: &str = "_";

/// Where a container is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its IPv4 address.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address.
    pub ipv6: Option<Ipv6Addr>,
}

impl Target {
    /// The address for packets that come to `host`: of the same family if there is one.
    pub(super) fn address_for(self, host: IpAddr) -> Option<IpAddr> {
        let (ipv4, ipv6) = (self.ipv4.map(IpAddr::V4), self.ipv6.map(IpAddr::V6));
        if host.is_ipv4() { ipv4.or(ipv6) } else { ipv6.or(ipv4) }
    }
}

/// Which process has the guards, and as which descriptors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    pub(super) process: ProcessRef,
    descriptors: Vec<(PublishedPort, RawFd)>,
}

impl Holder {
    /// This process with its guards.
    pub(super) fn this(guards: &[Guard]) -> io::Result<Self> {
        let held =
            guards.iter().filter_map(|guard| Some((guard.port.clone(), guard.socket.as_ref()?.as_raw_fd())));
        Ok(Self { process: ProcessRef::this()?, descriptors: held.collect() })
    }

    /// The descriptor of a port's guard.
    pub(super) fn descriptor(&self, port: &PublishedPort) -> Option<RawFd> {
        self.descriptors.iter().find(|(held, _)| held == port).map(|(_, descriptor)| *descriptor)
    }
}

/// What a container has published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Publication {
    pub(super) target: Target,
    pub(super) ports: Vec<PublishedPort>,
    pub(super) holder: Holder,
    /// Whether new connections go to others.
    pub(super) is_draining: bool,
}

impl Record for Publication {
    const KIND: &'static str = "ports";
    const VERSION: u32 = 2;
}

impl Publication {
    /// Where new connections are to lead.
    pub(super) fn forwardings(&self) -> Vec<Forwarding> {
        let ports = self.ports.iter().filter(|_| !self.is_draining);
        let forwarding = |port: &PublishedPort| {
            Some(Forwarding { port: port.clone(), address: self.target.address_for(port.host_ip)? })
        };
        ports.filter_map(forwarding).collect()
    }
}

/// Who publishes.
#[derive(Debug, Clone, Copy)]
pub struct Publisher<'a> {
    /// The container.
    pub container: &'a ContainerId,
    /// Who it shares its fixed ports with.
    pub group: Option<&'a PortGroup>,
    /// Whether new connections go to the others until it is told otherwise.
    pub is_standby: bool,
}

impl Publisher<'_> {
    /// The folder of its group.
    fn folder(&self, layout: &Layout) -> PathBuf {
        root(layout).join(self.group.map_or(UNGROUPED, PortGroup::as_str))
    }

    fn path(&self, layout: &Layout) -> PathBuf {
        self.folder(layout).join(self.container.as_str())
    }

    /// What it has published.
    pub(super) fn load(&self, layout: &Layout) -> Result<Option<Publication>, PortError> {
        Ok(record::read(&self.path(layout))?)
    }

    /// Keeps what it has published.
    pub(super) fn save(&self, layout: &Layout, publication: &Publication) -> Result<(), PortError> {
        let folder = self.folder(layout);
        fs::create_dir_all(&folder).map_err(|source| PortError::Store { path: folder, source })?;
        Ok(record::write_volatile(&self.path(layout), publication)?)
    }

    /// Forgets what it has published, and with the last of a group its folder.
    pub(super) fn forget(&self, layout: &Layout) -> Result<(), PortError> {
        let path = self.path(layout);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(PortError::Store { path, source });
            }
            _ => {}
        }
        // Not empty, or not there, is as well.
        let _ = fs::remove_dir(self.folder(layout));
        Ok(())
    }

    /// What the others of its group have published.
    pub(super) fn siblings(&self, layout: &Layout) -> Result<Vec<Publication>, PortError> {
        if self.group.is_none() {
            return Ok(Vec::new());
        }
        let all = in_folder(&self.folder(layout))?;
        Ok(all.into_iter().filter(|(id, _)| id != self.container).map(|(_, theirs)| theirs).collect())
    }
}

/// What all containers of this installation have published.
pub(super) fn all(layout: &Layout) -> Result<Vec<(ContainerId, Publication)>, PortError> {
    let mut all = Vec::new();
    for group in entries(&root(layout))? {
        all.extend(in_folder(&group)?);
    }
    Ok(all)
}

fn in_folder(folder: &Path) -> Result<Vec<(ContainerId, Publication)>, PortError> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(container) = ContainerId::try_from(name) else { continue };
        found.extend(record::read(&path)?.map(|publication| (container, publication)));
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, PortError> {
    let fail = |source| PortError::Store { path: folder.to_owned(), source };
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries.map_err(fail)?.map(|entry| Ok(entry.map_err(fail)?.path())).collect(),
    }
}

fn root(layout: &Layout) -> PathBuf {
    layout.run().join("ports")
}
