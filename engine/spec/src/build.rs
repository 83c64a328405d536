//! An image to be built.

mod cache;
mod context;

pub use cache::{CacheLocation, CacheMode, CacheTarget, CacheTextError};
pub use context::{ContextSource, is_git};

use crate::{HostAddress, ImageReference, Labels, Platform, Ulimit};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// One image to build from a Dockerfile.
///
/// It holds no secret: those stay where they are until a step asks for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildSpec {
    /// Names the result gets.
    pub tags: Vec<ImageReference>,
    /// What COPY and ADD read from.
    pub context: ContextSource,
    /// More contexts by name, which FROM and `--from` find before stages and images (`additional_contexts`).
    #[serde(default)]
    pub contexts: BTreeMap<String, ContextSource>,
    /// The instructions.
    pub dockerfile: DockerfileSource,
    /// Build arguments; `None` leaves the Dockerfile's default. `SOURCE_DATE_EPOCH` is one of them.
    pub args: BTreeMap<String, Option<String>>,
    /// The stage to stop at; `None` is the last.
    pub target: Option<String>,
    /// Labels added to the image.
    pub labels: Labels,
    /// Use nothing from earlier builds.
    pub no_cache: bool,
    /// Use nothing from earlier builds for these stages.
    #[serde(default)]
    pub no_cache_filter: Vec<String>,
    /// Results of other machines that may be used.
    #[serde(default)]
    pub cache_from: Vec<CacheLocation>,
    /// Where the results go for other machines.
    #[serde(default)]
    pub cache_to: Vec<CacheTarget>,
    /// Fetch base images even if they are there.
    pub pull: bool,
    /// The network of RUN steps that choose none.
    pub network: BuildNetwork,
    /// Lines for /etc/hosts of RUN steps.
    pub extra_hosts: Vec<(String, HostAddress)>,
    /// Size of /dev/shm of RUN steps in bytes; `None` is Docker's 64 MiB.
    #[serde(default)]
    pub shm_size: Option<u64>,
    /// Limits of RUN steps by name (`nofile`).
    #[serde(default)]
    pub ulimits: BTreeMap<String, Ulimit>,
    /// What RUN steps may ask for beyond the ordinary.
    #[serde(default)]
    pub entitlements: BTreeSet<Entitlement>,
    /// Secrets by id.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretSource>,
    /// SSH agents by id.
    #[serde(default)]
    pub ssh: BTreeMap<String, SshSource>,
    /// The platform to build for; `None` is the host's.
    pub platform: Option<Platform>,
    /// Make one layer of all that was added to the base image.
    #[serde(default)]
    pub squash: bool,
}

impl BuildSpec {
    /// A build of `context` with its own Dockerfile and nothing else asked for.
    #[must_use]
    pub fn new(context: ContextSource) -> Self {
        Self {
            tags: Vec::new(),
            context,
            contexts: BTreeMap::new(),
            dockerfile: DockerfileSource::File("Dockerfile".into()),
            args: BTreeMap::new(),
            target: None,
            labels: Labels::default(),
            no_cache: false,
            no_cache_filter: Vec::new(),
            cache_from: Vec::new(),
            cache_to: Vec::new(),
            pull: false,
            network: BuildNetwork::Default,
            extra_hosts: Vec::new(),
            shm_size: None,
            ulimits: BTreeMap::new(),
            entitlements: BTreeSet::new(),
            secrets: BTreeMap::new(),
            ssh: BTreeMap::new(),
            platform: None,
            squash: false,
        }
    }
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

/// What a RUN step may ask for only with consent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entitlement {
    /// `network.host`: the host's network by `--network=host`.
    NetworkHost,
    /// `security.insecure`: all capabilities and devices by `--security=insecure`.
    SecurityInsecure,
    /// `device`: all CDI devices, or those of this name.
    Device(Option<String>),
}

impl Entitlement {
    /// Reads `network.host`, `security.insecure`, `device` or `device=NAME`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "network.host" => Some(Self::NetworkHost),
            "security.insecure" => Some(Self::SecurityInsecure),
            "device" => Some(Self::Device(None)),
            other => other.strip_prefix("device=").map(|name| Self::Device(Some(name.to_owned()))),
        }
    }
}

/// Where a secret's value lies until a step asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretSource {
    /// The content of a file of the host.
    File(PathBuf),
    /// The value of a variable of the caller's environment.
    Variable(String),
}

/// Where an SSH agent listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SshSource {
    /// The caller's own agent (`SSH_AUTH_SOCK`).
    Agent,
    /// A socket of the host.
    Socket(PathBuf),
}
