//! What is kept of a network: `networks/<name>/record.json`.

use super::ipam::{IpamError, Pool};
use super::options::{Attachment, GatewayMode, OptionError, Options};
use super::ruleset::Segment;
use crate::state::Layout;
use crate::state::record::{self, Record, RecordError};
use engine_spec::{ContainerId, NetworkName, NetworkSpec, ObservedNetwork};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    /// The bridge, or the parent of macvlan and ipvlan interfaces.
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

impl NetworkRecord {
    /// A network of `spec`, whose pools are complete.
    pub(super) fn new(
        spec: NetworkSpec,
        id: ContainerId,
        created_at: SystemTime,
        uplink_mtu: u32,
    ) -> Result<Self, OptionError> {
        let options = Options::of(&spec)?;
        let own = || format!("lt-{}", &id.as_str()[..10]);
        let bridge = match options.attachment {
            Attachment::Bridge => options.bridge,
            Attachment::Macvlan { parent, .. } | Attachment::Ipvlan { parent, .. } => parent,
        };
        let bridge = bridge.unwrap_or_else(own);
        Ok(Self {
            group: group_of(&id),
            mtu: options.mtu.unwrap_or(uplink_mtu),
            spec,
            id,
            created_at,
            bridge,
        })
    }

    /// What its driver options say. They were checked when it was made.
    pub(super) fn options(&self) -> Options {
        Options::of(&self.spec).unwrap_or_else(|error| {
            tracing::warn!(network = %self.spec.name, %error, "taking the standard options");
            let plain = NetworkSpec { driver_opts: BTreeMap::new(), ..self.spec.clone() };
            Options::of(&plain).expect("a network without options is valid")
        })
    }

    /// Whether its containers get out of it.
    pub(super) fn has_way_out(&self) -> bool {
        !self.spec.internal && self.options().gateway_mode != GatewayMode::Isolated
    }

    /// What its links are labelled with; the id tells them from those of other networks and programs.
    pub(super) fn alias(&self) -> String {
        format!("lighter/{}/{}", self.spec.name, self.id.short())
    }

    /// Its pools, IPv4 first.
    pub(super) fn pools(&self) -> Result<Vec<Pool>, IpamError> {
        let mut pools = self.spec.pools.iter().map(Pool::of).collect::<Result<Vec<_>, _>>()?;
        pools.sort_by_key(|pool| pool.subnet.addr().is_ipv6());
        Ok(pools)
    }

    /// What the firewall needs to know of it; `None` where it is none of its business.
    pub(super) fn segment(&self, pools: &[Pool]) -> Option<Segment> {
        let options = self.options();
        (options.attachment == Attachment::Bridge).then(|| Segment {
            bridge: self.bridge.clone(),
            subnets: pools.iter().map(|pool| pool.subnet).collect(),
            is_internal: !self.has_way_out(),
            is_masqueraded: options.is_masqueraded,
            is_open: options.is_open,
            is_reachable: options.gateway_mode == GatewayMode::NatUnprotected,
        })
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
