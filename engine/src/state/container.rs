//! A container's records: what it is, written once by whoever makes it; what it does, written by its
//! supervisor alone.

use super::Layout;
use super::process::ProcessRef;
use super::record::{self, Record, RecordError};
use engine_spec::{
    ContainerId, ContainerName, ContainerSpec, Digest, ImageConfig, MountSpec, ObservedEndpoint,
    PublishedPort, Status, VolumeName,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

/// What a container is: `containers/<id>/record.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerRecord {
    /// Its id.
    pub id: ContainerId,
    /// What was asked for, with the name it has now.
    pub spec: ContainerSpec,
    /// What its image says.
    pub image: ImageConfig,
    /// Its image's layers, bottom first.
    pub layers: Vec<Digest>,
    /// When it was made.
    pub created_at: SystemTime,
    /// The volume behind each volume mount, by target path.
    pub volumes: BTreeMap<String, VolumeName>,
    /// Mounts it has from other containers (`volumes_from`).
    #[serde(default)]
    pub inherited: Vec<MountSpec>,
    /// The layers of each image that it mounts, bottom first.
    #[serde(default)]
    pub mounted_images: BTreeMap<Digest, Vec<Digest>>,
}

impl ContainerRecord {
    /// Every layer that it needs.
    pub fn needed_layers(&self) -> impl Iterator<Item = &Digest> {
        self.layers.iter().chain(self.mounted_images.values().flatten())
    }

    /// Whether it runs or mounts the image.
    #[must_use]
    pub fn needs_image(&self, id: &Digest) -> bool {
        self.spec.image_id == *id || self.mounted_images.contains_key(id)
    }
}

impl Record for ContainerRecord {
    const KIND: &'static str = "container";
    const VERSION: u32 = 1;
}

/// What a container does: `status.json` in its run folder, and a copy in its durable folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRecord {
    /// What it does.
    pub status: Status,
    /// Ports as published now.
    pub ports: Vec<PublishedPort>,
    /// Its place in each network, leased at its first start and kept until it is removed.
    pub endpoints: Vec<ObservedEndpoint>,
    /// Its PID 1, while it runs.
    pub init: Option<ProcessRef>,
    /// Who keeps its terminal when its supervisor dies.
    #[serde(default)]
    pub custodian: Option<ProcessRef>,
    /// Its supervisor, while there is one.
    pub supervisor: Option<ProcessRef>,
}

impl Record for StatusRecord {
    const KIND: &'static str = "status";
    const VERSION: u32 = 1;
}

impl StatusRecord {
    /// A container that was never started.
    #[must_use]
    pub fn created() -> Self {
        Self {
            status: Status::Created,
            ports: Vec::new(),
            endpoints: Vec::new(),
            init: None,
            custodian: None,
            supervisor: None,
        }
    }

    /// The same container after everything that ran of it is gone and nobody saw how it ended.
    #[must_use]
    pub fn lost(self) -> Self {
        let status = match self.status {
            status @ (Status::Created | Status::Exited { .. }) => status,
            Status::Running { started_at, .. } | Status::Paused { started_at, .. } => {
                ended_unseen(Some(started_at), started_at)
            }
            Status::Restarting { started_at, finished_at, .. } => ended_unseen(started_at, finished_at),
        };
        Self {
            status,
            ports: Vec::new(),
            endpoints: self.endpoints,
            init: None,
            custodian: None,
            supervisor: None,
        }
    }

    /// Whether its supervisor is there to answer.
    #[must_use]
    pub fn is_supervised(&self) -> bool {
        self.supervisor.is_some_and(|supervisor| supervisor.is_alive())
    }
}

fn ended_unseen(started_at: Option<SystemTime>, finished_at: SystemTime) -> Status {
    Status::Exited {
        exit_code: None,
        signal: None,
        started_at,
        finished_at,
        oom_killed: false,
        stopped_by_user: false,
        error: None,
    }
}

/// No container, or more than one, has that name or id.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// None.
    #[error("no such container: {0}")]
    Unknown(String),
    /// More than one id begins so.
    #[error("`{prefix}` is the beginning of {count} container ids: give more digits")]
    Ambiguous {
        /// What was given.
        prefix: String,
        /// How many ids begin so.
        count: usize,
    },
    /// The folder of containers could not be read.
    #[error("cannot list the containers in {path}")]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Where the container's record lies.
#[must_use]
pub fn record_path(layout: &Layout, id: &ContainerId) -> PathBuf {
    layout.container(id).join("record.json")
}

/// Where the supervisor writes what the container does.
#[must_use]
pub fn status_path(layout: &Layout, id: &ContainerId) -> PathBuf {
    layout.run_container(id).join("status.json")
}

/// Where a copy of the status outlives a reboot.
#[must_use]
pub fn kept_status_path(layout: &Layout, id: &ContainerId) -> PathBuf {
    layout.container(id).join("status.json")
}

/// What a container is; `None` where it is only half made.
///
/// # Errors
/// Says why its record could not be read.
pub fn load(layout: &Layout, id: &ContainerId) -> Result<Option<ContainerRecord>, RecordError> {
    record::read(&record_path(layout, id))
}

/// What a container does, as last written.
///
/// Without a status of this boot the kept copy counts, and what ran then is lost.
///
/// # Errors
/// Says why a status record could not be read.
pub fn status(layout: &Layout, id: &ContainerId) -> Result<StatusRecord, RecordError> {
    let path = status_path(layout, id);
    if let Some(status) = record::read::<StatusRecord>(&path)? {
        if status.is_supervised() || status.init.is_some_and(|init| init.is_alive()) {
            return Ok(status);
        }
        // A supervisor that has left since has kept how it ended; one that was killed has not.
        if let Some(left_behind) = record::read::<StatusRecord>(&path)? {
            return Ok(left_behind.lost());
        }
    }
    let kept = record::read::<StatusRecord>(&kept_status_path(layout, id))?;
    Ok(kept.map_or_else(StatusRecord::created, StatusRecord::lost))
}

/// The ids of all containers, half-made ones too, in no particular order.
///
/// # Errors
/// Says why the folder of containers could not be read.
pub fn ids(layout: &Layout) -> Result<Vec<ContainerId>, ResolveError> {
    let path = layout.containers();
    let list = |path: &PathBuf| -> io::Result<Vec<ContainerId>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(path)? {
            let name = entry?.file_name().into_string().unwrap_or_default();
            ids.extend(ContainerId::try_from(name).ok());
        }
        Ok(ids)
    };
    match list(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|source| ResolveError::List { path, source }),
    }
}

/// The container of that name.
#[must_use]
pub fn by_name(layout: &Layout, name: &ContainerName) -> Option<ContainerId> {
    let target = fs::read_link(layout.container_name(name)).ok()?;
    ContainerId::try_from(target.into_os_string().into_string().ok()?).ok()
}

/// The container that a user means by its name, its id or the unique beginning of its id.
///
/// # Errors
/// Says that there is none or more than one.
pub fn resolve(layout: &Layout, text: &str) -> Result<ContainerId, ResolveError> {
    if let Some(id) = ContainerName::new(text).ok().and_then(|name| by_name(layout, &name)) {
        return Ok(id);
    }
    if text.is_empty() {
        return Err(ResolveError::Unknown(text.to_owned()));
    }
    let mut matching: Vec<_> = ids(layout)?.into_iter().filter(|id| id.as_str().starts_with(text)).collect();
    match (matching.pop(), matching.len()) {
        (None, _) => Err(ResolveError::Unknown(text.to_owned())),
        (Some(id), 0) => Ok(id),
        (Some(_), others) => Err(ResolveError::Ambiguous { prefix: text.to_owned(), count: others + 1 }),
    }
}

/// The name of the container that a user means, as [`resolve`] finds it.
///
/// # Errors
/// Says that there is none or more than one, or that it is only half made.
pub fn resolve_name(layout: &Layout, text: &str) -> Result<ContainerName, ResolveError> {
    if let Ok(name) = ContainerName::new(text)
        && by_name(layout, &name).is_some()
    {
        return Ok(name);
    }
    let id = resolve(layout, text)?;
    let record = load(layout, &id).ok().flatten();
    record.map(|record| record.spec.name).ok_or_else(|| ResolveError::Unknown(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_prefix_resolves_and_a_shared_one_does_not() {
        let root = std::env::temp_dir().join(format!("lighter-resolve-{}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("prepared");
        let (mut first, mut second) = ([0xab; 32], [0xab; 32]);
        (first[31], second[0]) = (1, 0xac);
        for bytes in [[0xab; 32], first, second] {
            fs::create_dir(layout.container(&ContainerId::from_random(bytes))).expect("created");
        }
        assert_eq!(resolve(&layout, "ac").expect("unique"), ContainerId::from_random(second));
        assert!(matches!(resolve(&layout, "ab"), Err(ResolveError::Ambiguous { count: 2, .. })));
        assert!(matches!(resolve(&layout, "ff"), Err(ResolveError::Unknown(_))));
        assert!(matches!(resolve(&layout, ""), Err(ResolveError::Unknown(_))));
        fs::remove_dir_all(root).expect("removed");
    }
}
