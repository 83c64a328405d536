//! Small parts of a service: devices, process limits, logging.

use super::{Rest, is_default};
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
