//! What a service needs from another.

use super::is_default;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One entry of `depends_on`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// How far the other service must have come.
    #[serde(default)]
    pub condition: DependencyCondition,
    /// Whether this service must not start without it.
    #[serde(default = "required_by_default")]
    pub required: bool,
    /// Whether this service is restarted when the other one is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub restart: bool,
}

fn required_by_default() -> bool {
    true
}

impl Default for Dependency {
    fn default() -> Self {
        Self { condition: DependencyCondition::default(), required: true, restart: false }
    }
}

/// How far a dependency must have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyCondition {
    /// Started, whatever becomes of it.
    #[default]
    ServiceStarted,
    /// Its probes succeed.
    ServiceHealthy,
    /// Ended with exit code 0.
    ServiceCompletedSuccessfully,
}

impl fmt::Display for DependencyCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ServiceStarted => "service_started",
            Self::ServiceHealthy => "service_healthy",
            Self::ServiceCompletedSuccessfully => "service_completed_successfully",
        })
    }
}
