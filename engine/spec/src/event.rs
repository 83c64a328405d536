//! What happened, as it is kept per project and shown by `events`.

use crate::{ContainerId, ContainerName, Labels};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// One thing that happened to a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: SystemTime,
    /// To which container.
    pub id: ContainerId,
    /// Its name at that time.
    pub name: ContainerName,
    /// Its labels at that time.
    pub labels: Labels,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum EventKind {
    /// It was made.
    Create,
    /// Its process was started.
    Start,
    /// Its process ended.
    Die {
        /// The exit code, 128 plus the signal, or `None` where nobody could see it.
        exit_code: Option<i32>,
    },
    /// A user stopped it.
    Stop,
    /// A user sent a signal.
    Kill {
        /// The signal's number.
        signal: i32,
    },
    /// Its policy started it again.
    Restart,
    /// Its health changed.
    HealthStatus {
        /// `starting`, `healthy` or `unhealthy`.
        health: String,
    },
    /// The kernel ended a process of it for want of memory.
    Oom,
    /// Its supervisor was lost and another took over.
    Adopt,
    /// It got another name.
    Rename {
        /// Its name before.
        from: ContainerName,
    },
    /// It was removed.
    Destroy,
}
