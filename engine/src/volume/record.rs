//! What is kept of a volume: `volumes/<name>/record.json`.

use crate::state::Layout;
use crate::state::record::{self, Record, RecordError};
use engine_spec::{ContainerId, ObservedVolume, VolumeName, VolumeSpec};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::SystemTime;

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VolumeRecord {
    /// What was asked for.
    pub(crate) spec: VolumeSpec,
    /// The container that an anonymous volume was made for.
    pub(crate) owner: Option<ContainerId>,
    /// When it was made.
    pub(crate) created_at: SystemTime,
}

impl Record for VolumeRecord {
    const KIND: &'static str = "volume";
    const VERSION: u32 = 1;
}

impl From<VolumeRecord> for ObservedVolume {
    fn from(record: VolumeRecord) -> Self {
        Self { spec: record.spec, anonymous: record.owner.is_some(), created_at: record.created_at }
    }
}

pub(super) fn path(layout: &Layout, name: &VolumeName) -> PathBuf {
    layout.volume(name).join("record.json")
}

pub(super) fn read(layout: &Layout, name: &VolumeName) -> Result<Option<VolumeRecord>, RecordError> {
    record::read(&path(layout, name))
}

/// Written without syncing: the stage that made the volume is synced as a whole.
pub(super) fn write(layout: &Layout, record: &VolumeRecord) -> Result<(), RecordError> {
    record::write_volatile(&path(layout, &record.spec.name), record)
}
