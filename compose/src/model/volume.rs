//! Volumes of the project.

use super::{Rest, is_default};
use engine_spec::Labels;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A volume of the project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// Its real name, `<project>_<key>` unless the file says otherwise.
    pub name: String,
    /// `local` is the only driver so far; `None` means it.
    #[serde(skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// Driver options as given.
    #[serde(skip_serializing_if = "is_default")]
    pub driver_opts: BTreeMap<String, String>,
    /// Whether it is made outside the project.
    #[serde(skip_serializing_if = "is_default")]
    pub external: bool,
    /// Labels.
    #[serde(skip_serializing_if = "is_default")]
    pub labels: Labels,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}
