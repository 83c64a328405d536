//! The `deploy` section: the parts of it that mean something on one host.

use super::{ByteSize, Rest, is_default};
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
    pub cpus: Option<String>,
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
    /// Attributes that mean nothing on one host, and `x-` extensions.
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
