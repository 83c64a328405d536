//! The steps a plan is made of. Each leaves no choice to the one who performs it.

use crate::{
    ContainerName, ContainerSpec, HookKind, HookSpec, NetworkName, NetworkSpec, VolumeName, VolumeSpec,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Make a network.
    CreateNetwork(Box<NetworkSpec>),
    /// Remove a network nobody uses any more.
    RemoveNetwork {
        /// Which.
        name: NetworkName,
    },
    /// Make a volume.
    CreateVolume(Box<VolumeSpec>),
    /// Remove a volume and its data.
    RemoveVolume {
        /// Which.
        name: VolumeName,
    },
    /// Make a container without starting it.
    CreateContainer {
        /// What it shall be.
        spec: Box<ContainerSpec>,
        /// A container whose anonymous volumes it takes over.
        inherit: Option<ContainerName>,
    },
    /// Start a container that exists.
    StartContainer {
        /// Which.
        name: ContainerName,
    },
    /// Stop a container, if it runs.
    StopContainer {
        /// Which.
        name: ContainerName,
        /// Time between the stop signal and SIGKILL; `None` is the container's own.
        timeout: Option<Duration>,
    },
    /// Remove a container; kills what still runs.
    RemoveContainer {
        /// Which.
        name: ContainerName,
        /// Whether its anonymous volumes go with it.
        volumes: bool,
    },
    /// Give a container another name.
    RenameContainer {
        /// Its name now.
        from: ContainerName,
        /// Its new name.
        to: ContainerName,
    },
    /// Let a container that was started in standby take its names and published ports.
    ActivateContainer {
        /// Which.
        name: ContainerName,
    },
    /// Keep new connections from a container whose siblings share its ports, and wait until those
    /// that there are have ended.
    DrainContainer {
        /// Which.
        name: ContainerName,
        /// How long at most; `None` is its grace period for stopping.
        limit: Option<Duration>,
    },
    /// Run a command inside a container.
    RunHook {
        /// Which container.
        name: ContainerName,
        /// The turning point.
        kind: HookKind,
        /// The command.
        hook: Box<HookSpec>,
    },
    /// Write configs and secrets of a container that may run anew, and tell its first process.
    UpdateContents {
        /// Which.
        name: ContainerName,
        /// What it shall be; differs in contents and labels only.
        spec: Box<ContainerSpec>,
        /// The names or numbers of the signals that tell of it.
        signals: Vec<String>,
    },
    /// Let time pass.
    Delay {
        /// How much.
        duration: Duration,
    },
    /// Wait until a container has come so far.
    WaitContainer {
        /// Which.
        name: ContainerName,
        /// How far.
        condition: Condition,
        /// Whether failing is only worth a warning (`required: false`).
        optional: bool,
    },
}

/// How far a container must have come (Compose `depends_on.<service>.condition`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Its probes succeed; fails if it turns unhealthy or ends.
    Healthy,
    /// Healthy if it has a health check, else running.
    RunningOrHealthy,
    /// Healthy if it has a health check, else running; or it has done its work and ended with exit code 0.
    Settled,
    /// It ended with exit code 0; fails on any other.
    CompletedSuccessfully,
    /// It runs for so long without ending or turning unhealthy.
    Steady(Duration),
}
