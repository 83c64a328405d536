//! Configs and secrets of a container that is there, written anew.

use super::folder::Folder;
use super::{NoSuchContainer, Signal, StopError, find, kill};
use crate::state::Layout;
use crate::state::container;
use crate::state::record::{self, RecordError};
use engine_spec::{ContainerName, ContainerSpec, MountSource};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

/// Contents could not be written anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentsError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// The container has other mounts than the new spec.
    #[error("container {0} has other mounts, so its contents cannot be changed in place")]
    OtherMounts(ContainerName),
    /// A file could not be written.
    #[error("cannot write {path} for container {name}")]
    File {
        /// Which.
        path: PathBuf,
        /// Whose.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its process was not told.
    #[error("cannot tell container {name}")]
    Signal {
        /// Whose.
        name: ContainerName,
        /// Why.
        #[source]
        source: StopError,
    },
    /// Its record could not be changed.
    #[error("cannot change the record of container {name}")]
    Record {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
}

/// Writes the contents that `spec` has, where they differ, into the files that the container has
/// mounted; it sees them at once. Its first process is told by `signals`. Its name and whether it is in standby stay as they are.
///
/// # Errors
/// Says why not. The record changes last, so that an interrupted try is made again, the signals included.
pub fn update_contents(
    layout: &Layout,
    name: &ContainerName,
    spec: &ContainerSpec,
    signals: &[Signal],
) -> Result<(), ContentsError> {
    let id = find(layout, name)?;
    let broken = |source| ContentsError::Record { name: name.clone(), source: Box::new(source) };
    let record = container::load(layout, &id).map_err(broken)?;
    let mut record = record.ok_or_else(|| NoSuchContainer(name.clone()))?;
    let (old, new) = (&record.spec.mounts, &spec.mounts);
    if old.len() != new.len() || old.iter().zip(new).any(|(old, new)| old.target != new.target) {
        return Err(ContentsError::OtherMounts(name.clone()));
    }
    let folder = Folder::of(layout, &id);
    for (number, (old, new)) in old.iter().zip(new).enumerate() {
        if let MountSource::Content { bytes, .. } = &new.source
            && old.source != new.source
        {
            let path = folder.content(number);
            // The same file, as it is the file that is mounted.
            let file = OpenOptions::new().write(true).truncate(true).open(&path);
            file.and_then(|mut file| file.write_all(bytes)).map_err(|source| ContentsError::File {
                path,
                name: name.clone(),
                source,
            })?;
        }
    }
    for signal in signals {
        match kill(layout, name, *signal) {
            // A container that has ended meanwhile reads what changed when it starts.
            Ok(()) | Err(StopError::NotRunning(_)) => {}
            Err(source) => return Err(ContentsError::Signal { name: name.clone(), source }),
        }
    }
    let standby = record.spec.standby;
    record.spec = ContainerSpec { name: name.clone(), standby, ..spec.clone() };
    record::write_volatile(&container::record_path(layout, &id), &record).map_err(broken)
}
