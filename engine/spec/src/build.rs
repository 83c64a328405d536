//! An image to be built.

use crate::{HostAddress, ImageReference, Labels, Platform};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One image to build from a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildSpec {
    /// Names the result gets.
    pub tags: Vec<ImageReference>,
    /// The folder that COPY and ADD read from.
    pub context: PathBuf,
    /// The instructions.
    pub dockerfile: DockerfileSource,
    /// Build arguments; `None` leaves the Dockerfile's default.
    pub args: BTreeMap<String, Option<String>>,
    /// The stage to stop at; `None` is the last.
    pub target: Option<String>,
    /// Labels added to the image.
    pub labels: Labels,
    /// Use nothing from earlier builds.
    pub no_cache: bool,
    /// Fetch base images even if they are there.
    pub pull: bool,
    /// The network of RUN steps.
    pub network: BuildNetwork,
    /// Lines for /etc/hosts of RUN steps.
    pub extra_hosts: Vec<(String, HostAddress)>,
    /// The platform to build for; `None` is the host's.
    pub platform: Option<Platform>,
}

/// Where a Dockerfile comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DockerfileSource {
    /// A file, absolute or below the context.
    File(PathBuf),
    /// Text in the Compose file (`dockerfile_inline`).
    Inline(String),
}

/// The network of RUN steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildNetwork {
    /// A network namespace of its own with a way out.
    #[default]
    Default,
    /// Loopback only.
    None,
    /// The host's.
    Host,
}
