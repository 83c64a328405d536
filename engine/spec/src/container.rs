//! A container as it is wished for. What it leaves open, its image decides.

use crate::{
    ContainerName, DeviceAccess, Digest, EndpointSpec, HealthSpec, Hooks, ImageReference, Isolation, Labels,
    MountSpec, Platform, PortGroup, PortSpec, Resources, ServiceName,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A container to exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// Its name.
    pub name: ContainerName,
    /// The image by the name the user gave.
    pub image: ImageReference,
    /// The same letter by letter, for lists: `redis` and `redis:latest` are one image.
    pub image_as_written: String,
    /// The image by content: its config digest. What is really run.
    pub image_id: Digest,
    /// The platform the image must be for; `None` takes any.
    pub platform: Option<Platform>,
    /// Labels, the project's and service's among them.
    pub labels: Labels,
    /// OCI annotations.
    pub annotations: BTreeMap<String, String>,
    /// What is run.
    pub process: ProcessSpec,
    /// The host name; `None` is the short id.
    pub hostname: Option<String>,
    /// The NIS domain name.
    pub domainname: Option<String>,
    /// Run our own init as PID 1.
    pub init: bool,
    /// How it is connected.
    pub network: NetworkMode,
    /// Ports to publish.
    pub ports: Vec<PortSpec>,
    /// Who it shares fixed host ports with; `None` is nobody.
    #[serde(default)]
    pub port_group: Option<PortGroup>,
    /// Ports the service says it listens on, without publishing them.
    pub expose: Vec<String>,
    /// Lines for /etc/hosts: name and address.
    pub extra_hosts: Vec<(String, HostAddress)>,
    /// Containers it knows by another name (`links`).
    #[serde(default)]
    pub links: Vec<LinkSpec>,
    /// DNS servers asked instead of the host's.
    pub dns: Vec<IpAddr>,
    /// Search domains instead of the host's.
    pub dns_search: Vec<String>,
    /// Resolver options.
    pub dns_options: Vec<String>,
    /// Volumes, binds, tmpfs, configs and secrets, in the order given.
    pub mounts: Vec<MountSpec>,
    /// Whether it keeps out of its names and published ports until it is activated.
    #[serde(default)]
    pub standby: bool,
    /// What is run in it when it starts and stops.
    #[serde(default)]
    pub hooks: Hooks,
    /// Containers whose volumes and binds it has too, at the same places.
    #[serde(default)]
    pub volumes_from: Vec<VolumesFrom>,
    /// When it is started again.
    pub restart: RestartPolicy,
    /// How fast and how often it is.
    #[serde(default)]
    pub restart_pace: RestartPace,
    /// Whether it is removed, with its anonymous volumes, as soon as it has ended.
    #[serde(default)]
    pub remove_on_exit: bool,
    /// How it is stopped.
    pub stop: StopSpec,
    /// How its health is found out.
    pub healthcheck: Option<HealthSpec>,
    /// Stop and start it again when it turns unhealthy (`x-lighter-on-unhealthy: restart`).
    #[serde(default)]
    pub restart_when_unhealthy: bool,
    /// What it may use.
    pub resources: Resources,
    /// What it may do.
    pub security: Security,
    /// What it shares with others.
    pub isolation: Isolation,
    /// Devices it sees and may use.
    pub devices: DeviceAccess,
    /// Where its output goes.
    pub log: LogSpec,
    /// An external OCI runtime by name (`runc`); `None` is our own.
    pub runtime: Option<String>,
}

/// What a container runs; `None` leaves it to the image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessSpec {
    /// Replaces the image's entrypoint, and with it drops the image's command.
    pub entrypoint: Option<Vec<String>>,
    /// Replaces the image's command.
    pub command: Option<Vec<String>>,
    /// Added to the image's variables; `None` removes one.
    pub environment: BTreeMap<String, Option<String>>,
    /// Working folder.
    pub working_dir: Option<PathBuf>,
    /// `name|uid[:group|gid]`.
    pub user: Option<String>,
    /// Supplementary groups by name or number.
    pub group_add: Vec<String>,
    /// Allocate a terminal.
    pub tty: bool,
    /// Keep standard input open.
    pub stdin_open: bool,
    /// Standard input ends with the first caller that is connected to it.
    #[serde(default)]
    pub stdin_once: bool,
}

/// How a container is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
pub enum NetworkMode {
    /// Loopback only.
    None,
    /// The host's own network.
    Host,
    /// The network of another container.
    Container {
        /// The other container's name.
        name: ContainerName,
    },
    /// Networks of the engine, in the order their interfaces appear.
    Networks {
        /// One place per network.
        endpoints: Vec<EndpointSpec>,
    },
}

/// When a container is started again after it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// Never.
    #[default]
    No,
    /// Whatever the exit code.
    Always,
    /// Whatever the exit code, until somebody stops it.
    UnlessStopped,
    /// After a failure.
    OnFailure {
        /// How often at most; `None` is without limit.
        max_attempts: Option<u32>,
    },
}

/// The pace of restarts (`deploy.restart_policy`); what is `None` goes as in Docker: waits that double
/// from 100 ms to a minute, and no end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartPace {
    /// Time between an end and the next start.
    pub delay: Option<Duration>,
    /// How often it is started again at most, whatever the policy.
    pub max_attempts: Option<u32>,
    /// Only attempts within this time count.
    pub window: Option<Duration>,
}

/// The address of a line in /etc/hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostAddress {
    /// This one.
    Address(IpAddr),
    /// That of the host as the container reaches it (`host-gateway`).
    Gateway,
}

/// Another container under a name of the file's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSpec {
    /// The other container.
    pub container: ContainerName,
    /// Its name here, and nowhere else; it also comes before the legacy variables (`DB_PORT_5432_TCP_ADDR`).
    pub alias: String,
    /// The service of the same project whose containers the name server answers the alias with. Without
    /// one the container is of another project: it must exist, and only /etc/hosts knows its alias.
    #[serde(default)]
    pub service: Option<ServiceName>,
}

/// A container whose volumes and binds another one has too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumesFrom {
    /// Whose.
    pub container: ContainerName,
    /// Whether writes are refused; else they are where the other container's are.
    pub read_only: bool,
}

/// How a container is stopped; `None` leaves it to the image, else Docker's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopSpec {
    /// Signal name or number (`SIGTERM`).
    pub signal: Option<String>,
    /// Time between the signal and SIGKILL (10 s).
    pub grace_period: Option<Duration>,
}

/// What a container may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Security {
    /// All capabilities and devices, no seccomp.
    pub privileged: bool,
    /// Capabilities added to Docker's default set (`NET_ADMIN`, `ALL`).
    pub cap_add: Vec<String>,
    /// Capabilities taken away.
    pub cap_drop: Vec<String>,
    /// Docker's `security_opt` lines.
    pub options: Vec<String>,
    /// The root file system refuses writes.
    pub read_only: bool,
    /// Kernel settings of the container's namespaces.
    pub sysctls: BTreeMap<String, String>,
}

/// Where output goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSpec {
    /// `None` is `json-file`.
    pub driver: Option<String>,
    /// Driver options as given.
    pub options: BTreeMap<String, String>,
}

impl ContainerSpec {
    /// A container of `image` with every choice left to it and no network.
    #[must_use]
    pub fn new(name: ContainerName, image: ImageReference, image_id: Digest) -> Self {
        Self {
            name,
            image_as_written: image.to_string(),
            image,
            image_id,
            platform: None,
            labels: Labels::new(),
            annotations: BTreeMap::new(),
            process: ProcessSpec::default(),
            hostname: None,
            domainname: None,
            init: false,
            network: NetworkMode::None,
            ports: Vec::new(),
            port_group: None,
            expose: Vec::new(),
            extra_hosts: Vec::new(),
            links: Vec::new(),
            dns: Vec::new(),
            dns_search: Vec::new(),
            dns_options: Vec::new(),
            mounts: Vec::new(),
            standby: false,
            hooks: Hooks::default(),
            volumes_from: Vec::new(),
            restart: RestartPolicy::No,
            restart_pace: RestartPace::default(),
            remove_on_exit: false,
            stop: StopSpec::default(),
            healthcheck: None,
            restart_when_unhealthy: false,
            resources: Resources::default(),
            security: Security::default(),
            isolation: Isolation::default(),
            devices: DeviceAccess::default(),
            log: LogSpec::default(),
            runtime: None,
        }
    }
}
