//! Removing a container, and all that was made for it.

use super::folder::Folder;
use super::making::{self, absent};
use super::{StopError, stop};
use crate::network::{NetworkError, lease, names};
use crate::runtime::cgroup::CgroupError;
use crate::state::container::{self, ContainerRecord};
use crate::state::record::RecordError;
use crate::state::{Layout, events};
use crate::supervisor::{describe, detach, presence};
use crate::volume;
use engine_spec::{ContainerAction, ContainerId, ContainerName, NetworkMode, NetworkName};
use std::fs;
use std::io;
use std::time::Duration;

/// A container could not be removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// It could not be killed.
    #[error("cannot kill container {name}")]
    Kill {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: StopError,
    },
    /// Its control group could not be removed.
    #[error("cannot remove the control group of container {name}")]
    Cgroup {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: CgroupError,
    },
    /// Its place in a network could not be given back.
    #[error("cannot take container {name} out of its networks")]
    Network {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<NetworkError>,
    },
    /// Its record could not be read.
    #[error("cannot read the record of container {name}")]
    Record {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// Its files could not be removed.
    #[error("cannot remove the files of container {name}")]
    Files {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Removes a container and all that was made for it, with `volumes` its anonymous volumes too; kills
/// what runs. One that is not there counts as removed.
///
/// # Errors
/// Says what could not be removed.
pub fn remove(layout: &Layout, name: &ContainerName, volumes: bool) -> Result<(), RemoveError> {
    let Some(id) = container::by_name(layout, name) else { return Ok(()) };
    stop::stop_id(layout, name, &id, Some(Duration::ZERO))
        .map_err(|source| RemoveError::Kill { name: name.clone(), source })?;
    let record = container::load(layout, &id);
    let record =
        record.map_err(|source| RemoveError::Record { name: name.clone(), source: Box::new(source) })?;
    match record {
        Some(record) => remove_ended(layout, &record, volumes),
        None => remove_files(layout, name, &id)
            .map_err(|source| RemoveError::Files { name: name.clone(), source }),
    }
}

/// The same for one that is known not to run, by whoever makes sure of that.
pub(crate) fn remove_ended(
    layout: &Layout,
    record: &ContainerRecord,
    volumes: bool,
) -> Result<(), RemoveError> {
    let name = &record.spec.name;
    take_out(layout, name, record)?;
    if volumes {
        // First, as nothing but the record leads to them: whoever is killed here can do it again.
        remove_volumes(layout, record);
    }
    remove_files(layout, name, &record.id)
        .map_err(|source| RemoveError::Files { name: name.clone(), source })?;
    detach::prune_group(layout);
    events::note_container(layout, record, ContainerAction::Destroy);
    Ok(())
}

/// What lies outside of its folder: control group, names and addresses.
fn take_out(layout: &Layout, name: &ContainerName, record: &ContainerRecord) -> Result<(), RemoveError> {
    let cgroup = describe::cgroup_of(layout, &record.id, &record.spec);
    cgroup
        .kill()
        .and_then(|()| cgroup.remove())
        .map_err(|source| RemoveError::Cgroup { name: name.clone(), source })?;
    if let NetworkMode::Networks { endpoints } = &record.spec.network {
        for endpoint in endpoints {
            release(layout, &endpoint.network, &record.id, Some(&record.spec.name))
                .map_err(|source| RemoveError::Network { name: name.clone(), source: Box::new(source) })?;
        }
    }
    Ok(())
}

/// Forgets a container's names and gives back its address in a network, to be given to the next one of
/// that name.
pub(super) fn release(
    layout: &Layout,
    network: &NetworkName,
    id: &ContainerId,
    name: Option<&ContainerName>,
) -> Result<(), NetworkError> {
    names::forget(layout, network, id)?;
    Ok(lease::release(layout, network, id, name)?)
}

/// Without its record the container is half removed, and repair goes on where this is killed.
fn remove_files(layout: &Layout, name: &ContainerName, id: &ContainerId) -> io::Result<()> {
    let folder = Folder::of(layout, id);
    let _at_work = match making::lock_folder(folder.durable()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        locked => Some(locked?),
    };
    absent(fs::remove_file(container::record_path(layout, id)))?;
    making::release_name(layout, name, id)?;
    presence::remove_run_folder(&folder)?;
    absent(fs::remove_dir_all(folder.durable()))
}

/// One that another container has inherited stays.
fn remove_volumes(layout: &Layout, record: &ContainerRecord) {
    for name in record.volumes.values() {
        let _ = volume::remove_anonymous(layout, name, &record.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::{ContainerSpec, Digest, ImageConfig, Labels, VolumeName};
    use std::collections::BTreeMap;
    use std::time::SystemTime;

    #[test]
    fn anonymous_volumes_go_before_the_record_that_leads_to_them() {
        let root = std::env::temp_dir().join(format!("lighter-remove-{}", std::process::id()));
        let layout = Layout::at(&root);
        let record = with_volume(&layout);
        // A record that cannot be removed stands for being killed on the way to it.
        let path = container::record_path(&layout, &record.id);
        fs::create_dir_all(&path).expect("made");
        let refused = remove_ended(&layout, &record, true).expect_err("a folder is no file");
        assert!(matches!(refused, RemoveError::Files { .. }), "{refused:?}");
        assert_eq!(volume::list(&layout).expect("listed"), []);
        fs::remove_dir(&path).expect("removed");
        remove_ended(&layout, &record, true).expect("goes on where it stopped");
        fs::remove_dir_all(root).expect("removed");
    }

    /// A record of a container with one anonymous volume, which is there.
    fn with_volume(layout: &Layout) -> ContainerRecord {
        let (id, volume) = (ContainerId::from_random([7; 32]), VolumeName::new("data").expect("name"));
        volume::create_anonymous(layout, volume.clone(), Labels::new(), &id).expect("made");
        let name = ContainerName::new("short").expect("name");
        let image = "busybox".parse().expect("image");
        ContainerRecord {
            id,
            spec: ContainerSpec::new(name, image, Digest::from_sha256([0; 32])),
            image: ImageConfig::default(),
            layers: Vec::new(),
            created_at: SystemTime::now(),
            volumes: BTreeMap::from([("/data".into(), volume)]),
            inherited: Vec::new(),
            mounted_images: BTreeMap::new(),
        }
    }
}
