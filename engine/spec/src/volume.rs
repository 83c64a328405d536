//! Volumes: named folders that outlive containers.

use crate::{Labels, VolumeName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A volume to exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeSpec {
    /// Its real name, `<project>_<key>` unless the file names it.
    pub name: VolumeName,
    /// `local` is the only driver so far.
    pub driver: String,
    /// Driver options as given (`type`, `o`, `device`).
    pub driver_opts: BTreeMap<String, String>,
    /// Labels, with the project's among them.
    pub labels: Labels,
}
