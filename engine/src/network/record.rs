//! What is kept of a network: `networks/<name>/record.json`.

use super::ipam::{IpamError, Pool};
use super::ruleset::Segment;
use crate::state::Layout;
use crate::state::record::{self, Record, RecordError};
use engine_spec::{ContainerId, NetworkName, NetworkSpec, ObservedNetwork};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

/// A network and what stands for it on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkRecord {
    /// What was asked for, with the pools that were chosen.
    pub spec: NetworkSpec,
    /// 64 hex digits that tell two networks of one name apart.
    pub id: ContainerId,
    /// When it was made.
    pub created_at: SystemTime,
    /// The bridge's name.
    pub bridge: String,
    /// The group its links are in.
    pub group: u32,
    /// The largest packet its links carry.
    pub mtu: u32,
}

impl Record for NetworkRecord {
    const KIND: &'static str = "network";
    const VERSION: u32 = 1;
}

const BRIDGE_NAME: &str = "com.docker.network.bridge.name";
const ENABLE_ICC: &str = "com.docker.network.bridge.enable_icc";
const ENABLE_MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";
const MTU: &str = "com.docker.network.driver.mtu";

impl NetworkRecord {
    /// A network of `spec`, whose pools are complete.
    pub(super) fn new(spec: NetworkSpec, id: ContainerId, created_at: SystemTime, uplink_mtu: u32) -> Self {
        let option = |key: &str| spec.driver_opts.get(key);
        let bridge = option(BRIDGE_NAME).cloned().unwrap_or_else(|| format!("lt-{}", &id.as_str()[..10]));
        let mtu = option(MTU).and_then(|mtu| mtu.parse().ok()).unwrap_or(uplink_mtu);
        Self { group: group_of(&id), spec, id, created_at, bridge, mtu }
    }

    /// What its links are labelled with; the id tells them from those of other networks and programs.
    pub(super) fn alias(&self) -> String {
        format!("lighter/{}/{}", self.spec.name, self.id.short())
    }

    /// Its IPv4 pool.
    pub(super) fn pool(&self) -> Result<Option<Pool>, IpamError> {
        self.spec.pools.iter().find_map(|pool| Pool::of(pool).transpose()).transpose()
    }

    /// What the firewall needs to know of it.
    pub(super) fn segment(&self, pool: &Pool) -> Segment {
        let is_on = |key: &str| self.spec.driver_opts.get(key).is_none_or(|value| value != "false");
        Segment {
            bridge: self.bridge.clone(),
            subnets: vec![pool.subnet.into()],
            is_internal: self.spec.internal,
            is_masqueraded: is_on(ENABLE_MASQUERADE),
            is_open: is_on(ENABLE_ICC),
        }
    }
}

/// A number for a link group that nobody else is likely to use: never below 2^16, where people
/// choose theirs, and below 2^31, where tools print it as negative; as random as the id.
fn group_of(id: &ContainerId) -> u32 {
    let random = u32::from_str_radix(&id.as_str()[..8], 16).unwrap_or_default();
    (random >> 1) | 1 << 16
}

fn path(layout: &Layout, network: &NetworkName) -> PathBuf {
    layout.network(network).join("record.json")
}

/// The record of a network; `None` if there is no such network.
pub(super) fn load(layout: &Layout, network: &NetworkName) -> Result<Option<NetworkRecord>, RecordError> {
    record::read(&path(layout, network))
}

/// All networks, by name. Folders without a record are what an interrupted `create` left.
pub(super) fn list(layout: &Layout) -> Result<Vec<NetworkRecord>, RecordError> {
    let mut names: Vec<NetworkName> = match fs::read_dir(layout.networks()) {
        Ok(entries) => entries
            .filter_map(|entry| NetworkName::new(entry.ok()?.file_name().to_string_lossy()).ok())
            .collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => {
            return Err(RecordError::Read { kind: NetworkRecord::KIND, path: layout.networks(), source });
        }
    };
    names.sort();
    names.iter().filter_map(|name| load(layout, name).transpose()).collect()
}

/// The kernel's rule for names of links, without what would need quoting.
pub(super) fn is_link_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    (1..=15).contains(&name.len())
        && name.chars().all(is_plain)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Keeps the record.
pub(super) fn save(layout: &Layout, network: &NetworkRecord) -> Result<(), RecordError> {
    record::write_durable(&path(layout, &network.spec.name), network)
}

impl From<NetworkRecord> for ObservedNetwork {
    fn from(record: NetworkRecord) -> Self {
        Self { spec: record.spec, id: record.id, created_at: record.created_at }
    }
}
