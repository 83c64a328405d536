//! Devices a container sees and may use.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Devices a container sees and may use, besides those every container has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceAccess {
    /// Devices of the host, by path.
    pub nodes: Vec<DeviceSpec>,
    /// Devices that a CDI specification describes, by name (`vendor.com/class=device`).
    pub cdi: Vec<String>,
    /// Graphics processors and other devices by what they can do.
    pub requests: Vec<DeviceRequest>,
    /// Devices that may be used but are not made.
    pub rules: Vec<DeviceRule>,
}

/// A device of the host inside the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSpec {
    /// Path on the host.
    pub source: PathBuf,
    /// Path in the container.
    pub target: PathBuf,
    /// `r`, `w` and `m` in any combination.
    pub permissions: String,
}

/// Devices by what they can do (`gpus`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRequest {
    /// Who provides them (`nvidia`, `amd`, `cdi`); `None` is whoever does here.
    pub driver: Option<String>,
    /// What they can do (`gpu`).
    pub capabilities: Vec<String>,
    /// Which of them.
    pub choice: DeviceChoice,
}

/// Which of the devices that fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// All.
    #[default]
    All,
    /// So many, from the first on.
    Count {
        /// How many.
        count: u32,
    },
    /// These.
    Ids {
        /// Their numbers or names.
        ids: Vec<String>,
    },
}

/// Devices that may be used: a line of `device_cgroup_rules`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRule {
    /// Which kind.
    pub kind: DeviceKind,
    /// Major number; `None` is any.
    pub major: Option<u32>,
    /// Minor number; `None` is any.
    pub minor: Option<u32>,
    /// `r`, `w` and `m` in any combination.
    pub access: String,
}

/// Kinds of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// Both.
    All,
    /// Block devices.
    Block,
    /// Character devices.
    Character,
}
