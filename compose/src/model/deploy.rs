//! The `deploy` section: the parts of it that mean something on one host.

use super::{ByteSize, DeviceRequest, GoDuration, Rest, is_default};
use serde::{Deserialize, Serialize};

/// The `deploy` section.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Deploy {
    /// How many containers.
    #[serde(skip_serializing_if = "is_default")]
    pub replicas: Option<u32>,
    /// Limits and reservations.
    pub resources: DeployResources,
    /// When containers are started again; wins over `restart`.
    #[serde(skip_serializing_if = "is_default")]
    pub restart_policy: Option<RestartRule>,
    /// How containers are replaced.
    #[serde(skip_serializing_if = "is_default")]
    pub update_config: Option<UpdateConfig>,
    /// How they are put back after a failed update.
    #[serde(skip_serializing_if = "is_default")]
    pub rollback_config: Option<UpdateConfig>,
    /// Printed even when empty, as Docker Compose does; means nothing on one host.
    pub placement: Placement,
    /// Attributes that mean nothing on one host, and `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// Where replicas may run; kept for `config` only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Placement(pub Rest);

/// The `deploy.resources` section.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeployResources {
    /// What a container gets at most.
    #[serde(skip_serializing_if = "is_default")]
    pub limits: Option<Limits>,
    /// What a container gets at least.
    #[serde(skip_serializing_if = "is_default")]
    pub reservations: Option<Reservations>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// What a container gets at most.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Processors.
    #[serde(skip_serializing_if = "is_default")]
    pub cpus: Option<f64>,
    /// Memory.
    #[serde(skip_serializing_if = "is_default")]
    pub memory: Option<ByteSize>,
    /// Processes.
    #[serde(skip_serializing_if = "is_default")]
    pub pids: Option<i64>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// What a container gets at least.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reservations {
    /// Devices by what they can do.
    #[serde(skip_serializing_if = "is_default")]
    pub devices: Vec<DeviceRequest>,
    /// Memory.
    #[serde(skip_serializing_if = "is_default")]
    pub memory: Option<ByteSize>,
    /// Attributes the engine does not apply yet, and `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// The `deploy.restart_policy` section.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RestartRule {
    /// After which end.
    #[serde(skip_serializing_if = "is_default")]
    pub condition: Option<RestartCondition>,
    /// How often at most.
    #[serde(skip_serializing_if = "is_default")]
    pub max_attempts: Option<u32>,
    /// Time between an end and the next start.
    #[serde(skip_serializing_if = "is_default")]
    pub delay: Option<GoDuration>,
    /// Only attempts within this time count.
    #[serde(skip_serializing_if = "is_default")]
    pub window: Option<GoDuration>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// After which end a container is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartCondition {
    /// None.
    None,
    /// A failure.
    OnFailure,
    /// Any.
    Any,
}

/// The `deploy.update_config` and `deploy.rollback_config` sections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateConfig {
    /// How many containers at a time; 0 is all of them.
    #[serde(skip_serializing_if = "is_default")]
    pub parallelism: Option<u32>,
    /// Time between two groups.
    #[serde(skip_serializing_if = "is_default")]
    pub delay: Option<GoDuration>,
    /// What a failure means for the rest.
    #[serde(skip_serializing_if = "is_default")]
    pub failure_action: Option<FailureAction>,
    /// How long a new container is watched for failing.
    #[serde(skip_serializing_if = "is_default")]
    pub monitor: Option<GoDuration>,
    /// The share of containers that may fail.
    #[serde(skip_serializing_if = "is_default")]
    pub max_failure_ratio: Option<f64>,
    /// Which of the two is there alone or first.
    #[serde(skip_serializing_if = "is_default")]
    pub order: Option<UpdateOrder>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// What a failed replacement means for those still to come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureAction {
    /// They stay as they are.
    #[default]
    Pause,
    /// They are replaced all the same.
    Continue,
    /// They stay, and those replaced already are put back.
    Rollback,
}

/// In which order a container is replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateOrder {
    /// The old one stops before the new one starts.
    #[default]
    StopFirst,
    /// The old one serves until the new one is ready.
    StartFirst,
}
