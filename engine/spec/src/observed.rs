//! What is there now, as the engine saw it in one look.

use crate::{
    ContainerId, ContainerName, ContainerSpec, Digest, ImageReference, NetworkName, NetworkSpec, ProjectName,
    PublishedPort, VolumeName, VolumeSpec, compose_label,
};
use ipnet::Ipv6Net;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::SystemTime;

/// What the engine has: all of it, or of the containers only those of one project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Containers by name.
    pub containers: Vec<ObservedContainer>,
    /// Networks by name, those of other projects too.
    pub networks: Vec<ObservedNetwork>,
    /// Volumes by name, those of other projects too.
    pub volumes: Vec<ObservedVolume>,
    /// Local images: name to config digest.
    pub images: BTreeMap<ImageReference, Digest>,
}

/// A container as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedContainer {
    /// Its id.
    pub id: ContainerId,
    /// Its spec, with the name it has now.
    pub spec: ContainerSpec,
    /// What it does.
    pub status: Status,
    /// When it was made.
    pub created_at: SystemTime,
    /// Its place in each network.
    pub endpoints: Vec<ObservedEndpoint>,
    /// Ports as published now; empty unless it runs.
    pub ports: Vec<PublishedPort>,
    /// The volume behind each volume mount: target path to name, anonymous ones too.
    pub volumes: BTreeMap<String, VolumeName>,
}

impl ObservedContainer {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ContainerName {
        &self.spec.name
    }

    /// A label's value.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.spec.labels.get(key).map(String::as_str)
    }

    /// Whether it belongs to `project`.
    #[must_use]
    pub fn is_of(&self, project: &ProjectName) -> bool {
        self.label(compose_label::PROJECT) == Some(project.as_str())
    }
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Status {
    /// Made, never started.
    Created,
    /// Its process runs.
    Running {
        /// Process id on the host.
        pid: i32,
        /// When it was started.
        started_at: SystemTime,
        /// What its probes say; `None` without a health check.
        health: Option<Health>,
        /// How often its policy started it again.
        restarts: u32,
    },
    /// Frozen.
    Paused {
        /// Process id on the host.
        pid: i32,
        /// When it was started.
        started_at: SystemTime,
    },
    /// Ended, and its policy will start it again.
    Restarting {
        /// How it ended.
        exit_code: i32,
        /// The signal that ended it, if one did that Lighter did not send.
        #[serde(default)]
        signal: Option<i32>,
        /// Whether the kernel ended a process of it for want of memory.
        #[serde(default)]
        oom_killed: bool,
        /// When it was started last.
        #[serde(default)]
        started_at: Option<SystemTime>,
        /// When it ended.
        finished_at: SystemTime,
        /// How often its policy started it again.
        restarts: u32,
    },
    /// Ended.
    Exited {
        /// How it ended: the exit code, 128 plus the signal, or `None` where nobody could see it.
        exit_code: Option<i32>,
        /// The signal that ended it, if one did that Lighter did not send.
        #[serde(default)]
        signal: Option<i32>,
        /// When it was started last; `None` if nothing of it ever ran.
        #[serde(default)]
        started_at: Option<SystemTime>,
        /// When it ended.
        finished_at: SystemTime,
        /// Whether the kernel ended a process of it for want of memory.
        oom_killed: bool,
        /// Whether somebody asked for it.
        stopped_by_user: bool,
        /// Why it could not be started, if that is how it ended.
        error: Option<String>,
    },
}

impl Status {
    /// Whether a process of the container exists.
    #[must_use]
    pub fn is_running(&self) -> bool {
        match self {
            Self::Running { .. } | Self::Paused { .. } => true,
            Self::Created | Self::Restarting { .. } | Self::Exited { .. } => false,
        }
    }

    /// Whether it neither runs nor will by itself: created, or ended for good.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self {
            Self::Created | Self::Exited { .. } => true,
            Self::Running { .. } | Self::Paused { .. } | Self::Restarting { .. } => false,
        }
    }

    /// How its last run ended; `None` while it runs and before its first start.
    #[must_use]
    pub fn end(&self) -> Option<RunEnd> {
        let (exit_code, signal, oom_killed, finished_at) = match *self {
            Self::Created | Self::Running { .. } | Self::Paused { .. } => return None,
            Self::Restarting { exit_code, signal, oom_killed, finished_at, .. } => {
                (Some(exit_code), signal, oom_killed, finished_at)
            }
            // Records of earlier versions hold the signal of a stop as well.
            Self::Exited { exit_code, signal, oom_killed, finished_at, stopped_by_user, .. } => {
                (exit_code, signal.filter(|_| !stopped_by_user), oom_killed, finished_at)
            }
        };
        let reason = if oom_killed { Some(EndReason::OutOfMemory) } else { signal.map(EndReason::Signal) };
        Some(RunEnd { exit_code, reason, finished_at })
    }

    /// Docker's word for it: `created`, `running`, `paused`, `restarting`, `exited`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running { .. } => "running",
            Self::Paused { .. } => "paused",
            Self::Restarting { .. } => "restarting",
            Self::Exited { .. } => "exited",
        }
    }
}

/// How one run of a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// The exit code, if somebody saw it.
    pub exit_code: Option<i32>,
    /// Why, where the exit code alone does not tell.
    pub reason: Option<EndReason>,
    /// When.
    pub finished_at: SystemTime,
}

/// What ended a container without being asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The kernel killed a process of it for want of memory.
    OutOfMemory,
    /// A signal.
    Signal(i32),
}

/// What probes say of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Too early to tell.
    Starting,
    /// The last probe succeeded.
    Healthy,
    /// Too many probes in a row failed.
    Unhealthy,
}

/// A container's place in a network, as leased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedEndpoint {
    /// The network.
    pub network: NetworkName,
    /// Its address there: IPv4, unless the network has IPv6 alone.
    pub address: IpAddr,
    /// The subnet's length in bits.
    pub prefix: u8,
    /// Its IPv6 address beside that, with the subnet's length.
    #[serde(default)]
    pub ipv6: Option<Ipv6Net>,
    /// The router to everywhere else in that network.
    #[serde(default)]
    pub gateway: Option<IpAddr>,
    /// Its MAC address.
    pub mac_address: String,
}

/// A network as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedNetwork {
    /// What was asked for, with the pools that were chosen.
    pub spec: NetworkSpec,
    /// 64 hex digits that tell two networks of one name apart.
    pub id: ContainerId,
    /// When it was made.
    pub created_at: SystemTime,
}

/// A volume as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedVolume {
    /// What was asked for.
    pub spec: VolumeSpec,
    /// Whether it was made for one container without a name.
    pub anonymous: bool,
    /// When it was made.
    pub created_at: SystemTime,
}
