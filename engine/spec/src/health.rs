//! Health checks as Compose and images declare them.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A health check; a field left `None` is the image's, else Docker's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthSpec {
    /// What to run.
    pub test: Option<HealthTest>,
    /// Time between two probes (default 30 s).
    pub interval: Option<Duration>,
    /// Time after which one probe has failed (default 30 s).
    pub timeout: Option<Duration>,
    /// Failures in a row that make the container unhealthy (default 3).
    pub retries: Option<u32>,
    /// Time after start during which failures do not count (default 0 s).
    pub start_period: Option<Duration>,
    /// Time between two probes during the start period (default 5 s).
    pub start_interval: Option<Duration>,
}

/// What a probe runs inside the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "command", rename_all = "kebab-case")]
pub enum HealthTest {
    /// `NONE`: no check, not even the image's.
    None,
    /// `CMD`: an argument vector.
    Command(Vec<String>),
    /// `CMD-SHELL`: one line for the image's shell.
    Shell(String),
}
