//! How a service's image is built.

use super::{Attachment, ByteSize, Rest, UlimitValue, is_default};
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
    /// More contexts by name: folders, addresses, `docker-image://` and `service:`.
    #[serde(skip_serializing_if = "is_default")]
    pub additional_contexts: BTreeMap<String, String>,
    /// Where results of other machines lie.
    #[serde(skip_serializing_if = "is_default")]
    pub cache_from: Vec<String>,
    /// Where results go for other machines.
    #[serde(skip_serializing_if = "is_default")]
    pub cache_to: Vec<String>,
    /// What RUN steps may ask for beyond the ordinary.
    #[serde(skip_serializing_if = "is_default")]
    pub entitlements: Vec<String>,
    /// Use nothing from earlier builds for these stages.
    #[serde(skip_serializing_if = "is_default")]
    pub no_cache_filter: Vec<String>,
    /// The platforms the image may be for.
    #[serde(skip_serializing_if = "is_default")]
    pub platforms: Vec<String>,
    /// RUN steps may ask for all rights (`--security=insecure`).
    #[serde(skip_serializing_if = "is_default")]
    pub privileged: bool,
    /// Secrets of the project that RUN steps may ask for.
    #[serde(skip_serializing_if = "is_default")]
    pub secrets: Vec<Attachment>,
    /// Size of /dev/shm of RUN steps.
    #[serde(skip_serializing_if = "is_default")]
    pub shm_size: Option<ByteSize>,
    /// SSH agents by id; `None` is the caller's own.
    #[serde(skip_serializing_if = "is_default")]
    pub ssh: BTreeMap<String, Option<String>>,
    /// Limits of RUN steps.
    #[serde(skip_serializing_if = "is_default")]
    pub ulimits: BTreeMap<String, UlimitValue>,
    /// Attributes that mean nothing here, and `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}
