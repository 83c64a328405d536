//! How a service's image is built.

use super::{Rest, is_default};
use engine_spec::Labels;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The `build` section.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Build {
    /// A folder, absolute, or an address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// The Dockerfile, absolute or below the context.
    #[serde(skip_serializing_if = "is_default")]
    pub dockerfile: Option<String>,
    /// The Dockerfile's text.
    #[serde(skip_serializing_if = "is_default")]
    pub dockerfile_inline: Option<String>,
    /// Build arguments; `None` leaves the Dockerfile's default.
    #[serde(skip_serializing_if = "is_default")]
    pub args: BTreeMap<String, Option<String>>,
    /// The stage to stop at.
    #[serde(skip_serializing_if = "is_default")]
    pub target: Option<String>,
    /// Labels of the image.
    #[serde(skip_serializing_if = "is_default")]
    pub labels: Labels,
    /// Use nothing from earlier builds.
    #[serde(skip_serializing_if = "is_default")]
    pub no_cache: bool,
    /// Fetch base images even if they are there.
    #[serde(skip_serializing_if = "is_default")]
    pub pull: bool,
    /// More names of the image.
    #[serde(skip_serializing_if = "is_default")]
    pub tags: Vec<String>,
    /// The network of RUN steps: `default`, `host` or `none`.
    #[serde(skip_serializing_if = "is_default")]
    pub network: Option<String>,
    /// Lines for /etc/hosts of RUN steps, `name=address`.
    #[serde(skip_serializing_if = "is_default")]
    pub extra_hosts: Vec<String>,
    /// Attributes the builder does not apply yet, and `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}
