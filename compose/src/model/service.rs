//! A service: what its containers are made of.

use super::{
    Attachment, BlkioConfig, Build, ByteSize, Dependency, Deploy, Develop, Device, DeviceRequest, GoDuration,
    HealthCheck, Hook, Key, Logging, Mount, MountKind, Port, Provider, PullPolicy, Rest, ServiceNetwork,
    UlimitValue, is_default,
};
use engine_spec::ServiceName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// One service. Attribute names are Compose's; see the Compose specification for each.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each field is the Compose attribute of the same name")]
pub struct Service {
    #[serde(skip_serializing_if = "is_default")]
    pub profiles: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    pub attach: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub blkio_config: Option<BlkioConfig>,
    #[serde(skip_serializing_if = "is_default")]
    pub build: Option<Build>,
    #[serde(skip_serializing_if = "is_default")]
    pub cap_add: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub cap_drop: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub cgroup: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub cgroup_parent: Option<String>,
    /// `None` leaves it to the image; printed even then, as Docker Compose does.
    pub command: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_default")]
    pub configs: Vec<Attachment>,
    #[serde(skip_serializing_if = "is_default")]
    pub container_name: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_period: Option<u64>,
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_quota: Option<i64>,
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_rt_period: Option<u64>,
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_rt_runtime: Option<i64>,
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_shares: Option<u64>,
    #[serde(skip_serializing_if = "is_default")]
    pub cpus: Option<f64>,
    #[serde(skip_serializing_if = "is_default")]
    pub cpuset: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub depends_on: BTreeMap<ServiceName, Dependency>,
    #[serde(skip_serializing_if = "is_default")]
    pub deploy: Option<Deploy>,
    #[serde(skip_serializing_if = "is_default")]
    pub develop: Option<Develop>,
    #[serde(skip_serializing_if = "is_default")]
    pub device_cgroup_rules: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub devices: Vec<Device>,
    #[serde(skip_serializing_if = "is_default")]
    pub dns: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub dns_opt: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub dns_search: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub domainname: Option<String>,
    /// `None` leaves it to the image; printed even then, as Docker Compose does.
    pub entrypoint: Option<Vec<String>>,
    /// Variables of files and of `environment` together; `None` removes the image's.
    #[serde(skip_serializing_if = "is_default")]
    pub environment: BTreeMap<String, Option<String>>,
    /// Already read into `environment`.
    #[serde(skip_serializing)]
    pub env_file: Vec<EnvFile>,
    #[serde(skip_serializing_if = "is_default")]
    pub expose: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub external_links: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub extra_hosts: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub gpus: Vec<DeviceRequest>,
    #[serde(skip_serializing_if = "is_default")]
    pub group_add: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub healthcheck: Option<HealthCheck>,
    #[serde(skip_serializing_if = "is_default")]
    pub hostname: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub image: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub init: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub ipc: Option<NamespaceMode>,
    #[serde(skip_serializing_if = "is_default")]
    pub isolation: Option<String>,
    /// Already read into `labels`.
    #[serde(skip_serializing)]
    pub label_file: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    pub links: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub logging: Option<Logging>,
    #[serde(skip_serializing_if = "is_default")]
    pub mac_address: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub mem_limit: Option<ByteSize>,
    #[serde(skip_serializing_if = "is_default")]
    pub mem_reservation: Option<ByteSize>,
    #[serde(skip_serializing_if = "is_default")]
    pub mem_swappiness: Option<u64>,
    #[serde(skip_serializing_if = "is_default")]
    pub memswap_limit: Option<ByteSize>,
    #[serde(skip_serializing_if = "is_default")]
    pub network_mode: Option<NamespaceMode>,
    #[serde(skip_serializing_if = "is_default")]
    pub networks: BTreeMap<Key, Option<ServiceNetwork>>,
    #[serde(skip_serializing_if = "is_default")]
    pub oom_kill_disable: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub oom_score_adj: Option<i32>,
    #[serde(skip_serializing_if = "is_default")]
    pub pid: Option<NamespaceMode>,
    #[serde(skip_serializing_if = "is_default")]
    pub pids_limit: Option<i64>,
    #[serde(skip_serializing_if = "is_default")]
    pub platform: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub ports: Vec<Port>,
    /// What is run in each container when it has started.
    #[serde(skip_serializing_if = "is_default")]
    pub post_start: Vec<Hook>,
    /// Containers that run to their end before the first of the service starts.
    #[serde(skip_serializing_if = "is_default")]
    pub pre_start: Vec<Hook>,
    /// What is run in each container before it is stopped.
    #[serde(skip_serializing_if = "is_default")]
    pub pre_stop: Vec<Hook>,
    #[serde(skip_serializing_if = "is_default")]
    pub privileged: bool,
    /// The program that provides the service instead of containers.
    #[serde(skip_serializing_if = "is_default")]
    pub provider: Option<Provider>,
    #[serde(skip_serializing_if = "is_default")]
    pub pull_policy: Option<PullPolicy>,
    #[serde(skip_serializing_if = "is_default")]
    pub read_only: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub restart: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub runtime: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub scale: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    pub secrets: Vec<Attachment>,
    #[serde(skip_serializing_if = "is_default")]
    pub security_opt: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub shm_size: Option<ByteSize>,
    #[serde(skip_serializing_if = "is_default")]
    pub stdin_open: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub stop_grace_period: Option<GoDuration>,
    #[serde(skip_serializing_if = "is_default")]
    pub stop_signal: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub storage_opt: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    pub sysctls: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    pub tmpfs: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub tty: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub ulimits: BTreeMap<String, UlimitValue>,
    #[serde(skip_serializing_if = "is_default")]
    pub use_api_socket: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub userns_mode: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub uts: Option<NamespaceMode>,
    #[serde(skip_serializing_if = "is_default")]
    pub volumes: Vec<Mount>,
    #[serde(skip_serializing_if = "is_default")]
    pub volumes_from: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub working_dir: Option<String>,
    /// Attributes the engine does not apply yet, and `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

impl Service {
    /// How many containers it shall have.
    #[must_use]
    pub fn replicas(&self) -> u32 {
        let deployed = self.deploy.as_ref().and_then(|deploy| deploy.replicas);
        self.scale.or(deployed).unwrap_or(1)
    }

    /// The keys of the secrets that it or its build uses.
    #[must_use]
    pub fn secret_keys(&self) -> Vec<&str> {
        let of_build = self.build.iter().flat_map(|build| &build.secrets);
        self.secrets.iter().chain(of_build).map(|secret| secret.source.as_str()).collect()
    }

    /// The keys of the named volumes it mounts.
    #[must_use]
    pub fn volume_keys(&self) -> Vec<&str> {
        let keys = self.volumes.iter().filter_map(|mount| match &mount.kind {
            MountKind::Volume { source, .. } => source.as_deref(),
            MountKind::Bind { .. } | MountKind::Tmpfs { .. } | MountKind::Image { .. } => None,
        });
        keys.collect()
    }
}

/// A file of variables for a service's containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it must exist.
    #[serde(default = "required_by_default")]
    pub required: bool,
    /// `raw` reads values as they stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

fn required_by_default() -> bool {
    true
}

/// Whose namespace a service uses: `service:<name>`, `container:<name>`, or a word such as `host`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum NamespaceMode {
    /// That of another service's first container.
    Service(String),
    /// That of a container outside the project.
    Container(String),
    /// `host`, `none`, `private`, `shareable`, `bridge`.
    Word(String),
}

impl From<String> for NamespaceMode {
    fn from(text: String) -> Self {
        match text.split_once(':') {
            Some(("service", name)) => Self::Service(name.to_owned()),
            Some(("container", name)) => Self::Container(name.to_owned()),
            _ => Self::Word(text),
        }
    }
}

impl From<NamespaceMode> for String {
    fn from(mode: NamespaceMode) -> Self {
        mode.to_string()
    }
}

impl fmt::Display for NamespaceMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "service:{name}"),
            Self::Container(name) => write!(f, "container:{name}"),
            Self::Word(word) => f.write_str(word),
        }
    }
}
