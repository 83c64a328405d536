//! Small parts of a service: devices, limits, logging.

use super::{ByteSize, Rest, is_default};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A device of the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Path on the host.
    pub source: String,
    /// Path in the container; `None` is the same.
    #[serde(default, skip_serializing_if = "is_default")]
    pub target: Option<String>,
    /// `r`, `w` and `m`; `None` is all of them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub permissions: Option<String>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// Devices by what they can do: an item of `gpus` or of `deploy.resources.reservations.devices`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceRequest {
    /// What they can do (`gpu`).
    #[serde(skip_serializing_if = "is_default")]
    pub capabilities: Vec<String>,
    /// How many; -1 is all.
    #[serde(skip_serializing_if = "is_default")]
    pub count: Option<i64>,
    /// Which.
    #[serde(skip_serializing_if = "is_default")]
    pub device_ids: Vec<String>,
    /// Who provides them.
    #[serde(skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// Options of the driver.
    #[serde(skip_serializing_if = "is_default")]
    pub options: BTreeMap<String, String>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// Limits and shares of block devices.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlkioConfig {
    /// Bytes read per second.
    #[serde(skip_serializing_if = "is_default")]
    pub device_read_bps: Vec<ThrottleDevice>,
    /// Reads per second.
    #[serde(skip_serializing_if = "is_default")]
    pub device_read_iops: Vec<ThrottleDevice>,
    /// Bytes written per second.
    #[serde(skip_serializing_if = "is_default")]
    pub device_write_bps: Vec<ThrottleDevice>,
    /// Writes per second.
    #[serde(skip_serializing_if = "is_default")]
    pub device_write_iops: Vec<ThrottleDevice>,
    /// Relative weight, 10 to 1000.
    #[serde(skip_serializing_if = "is_default")]
    pub weight: Option<u16>,
    /// Relative weight on single devices.
    #[serde(skip_serializing_if = "is_default")]
    pub weight_device: Vec<WeightDevice>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// A limit of one block device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThrottleDevice {
    /// The device's path on the host.
    pub path: String,
    /// Bytes or operations per second.
    pub rate: ByteSize,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// A weight of one block device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightDevice {
    /// The device's path on the host.
    pub path: String,
    /// 10 to 1000.
    pub weight: u16,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// A process limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UlimitValue {
    /// Soft and hard alike.
    Single(i64),
    /// Each on its own.
    Pair {
        /// What the process gets.
        soft: i64,
        /// How far it may raise it.
        hard: i64,
    },
}

/// Where output goes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logging {
    /// The log driver.
    #[serde(skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// Its options.
    #[serde(skip_serializing_if = "is_default")]
    pub options: BTreeMap<String, String>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}
