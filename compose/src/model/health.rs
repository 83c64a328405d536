//! Health checks as the file declares them.

use super::{GoDuration, Rest, is_default};
use serde::{Deserialize, Serialize};

/// The `healthcheck` section; what is unset, the image decides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthCheck {
    /// `NONE`, or `CMD` with arguments, or `CMD-SHELL` with one line.
    #[serde(skip_serializing_if = "is_default")]
    pub test: Vec<String>,
    /// Time between two probes.
    #[serde(skip_serializing_if = "is_default")]
    pub interval: Option<GoDuration>,
    /// Time after which a probe has failed.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout: Option<GoDuration>,
    /// Failures in a row that make a container unhealthy.
    #[serde(skip_serializing_if = "is_default")]
    pub retries: Option<u32>,
    /// Time after start during which failures do not count.
    #[serde(skip_serializing_if = "is_default")]
    pub start_period: Option<GoDuration>,
    /// Time between two probes during the start period.
    #[serde(skip_serializing_if = "is_default")]
    pub start_interval: Option<GoDuration>,
    /// No check, not even the image's.
    #[serde(skip_serializing_if = "is_default")]
    pub disable: bool,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}
