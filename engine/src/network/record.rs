//! What is kept of a network: `networks/<name>/record.json`.

use crate::state::record::Record;
use engine_spec::{ContainerId, NetworkSpec, ObservedNetwork};
use serde::{Deserialize, Serialize};
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

impl From<NetworkRecord> for ObservedNetwork {
    fn from(record: NetworkRecord) -> Self {
        Self { spec: record.spec, id: record.id, created_at: record.created_at }
    }
}
