//! What a container shares with the host or another container.

use crate::ContainerName;
use serde::{Deserialize, Serialize};

/// What a container shares with the host or another container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    /// Inter-process communication.
    pub ipc: IpcMode,
    /// Process ids.
    pub pid: Namespace,
    /// Host name.
    pub uts: Namespace,
    /// View of the control groups; `None` is Docker's default: its own on version 2, the host's on 1.
    pub cgroup: Option<CgroupView>,
    /// The cgroup this container's own is made in.
    pub cgroup_parent: Option<String>,
}

/// Whose namespace a container uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Namespace {
    /// Its own.
    #[default]
    Private,
    /// The host's.
    Host,
    /// Another container's.
    Container {
        /// The other container's name.
        name: ContainerName,
    },
}

/// Whose semaphores, message queues and shared memory a container uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum IpcMode {
    /// Its own.
    #[default]
    Private,
    /// Its own, which other containers may join.
    Shareable,
    /// Its own, without /dev/shm.
    None,
    /// The host's.
    Host,
    /// Another container's, which must be shareable.
    Container {
        /// The other container's name.
        name: ContainerName,
    },
}

/// Which control groups a container sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CgroupView {
    /// Its own group as the root of all.
    Private,
    /// All of the host's.
    Host,
}
