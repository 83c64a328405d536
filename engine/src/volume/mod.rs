//! Volumes: named folders that outlive containers.
//!
//! ```text
//! lib/volumes/<name>/
//!   record.json   what was asked for; written last, so a folder without it is half made
//!   data/         what containers see; appears complete, filled or empty
//! ```

mod attach;
mod driver;
mod error;
mod fill;
mod mounting;
mod record;
mod sshfs;

pub(crate) use attach::{acquire, release};
pub use error::VolumeError;
pub use fill::FillError;
pub(crate) use fill::{fill, make_data};
pub(crate) use record::VolumeRecord;

use crate::state::container;
use crate::state::record::RecordError;
use crate::state::{Layout, events};
use engine_spec::{
    ContainerId, ContainerName, EventObject, Labels, ObservedVolume, VolumeAction, VolumeName, VolumeSpec,
};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Nobody but containers looks into a volume's data.
const FOLDER_MODE: u32 = 0o711;

/// Makes a volume; one that is there already stays as it is.
///
/// # Errors
/// Says why it could not be made.
pub fn create(layout: &Layout, spec: &VolumeSpec) -> Result<ObservedVolume, VolumeError> {
    make(layout, spec, None)
}

/// Makes sure that a volume of that name is there.
///
/// # Errors
/// Says why it could not be made.
pub(crate) fn ensure(layout: &Layout, name: &VolumeName) -> Result<(), VolumeError> {
    let (driver, driver_opts) = (driver::LOCAL.to_owned(), BTreeMap::new());
    let spec = VolumeSpec { name: name.clone(), driver, driver_opts, labels: Labels::new() };
    make(layout, &spec, None).map(drop)
}

/// Makes a volume without a name for one container.
///
/// # Errors
/// Says why it could not be made.
pub(crate) fn create_anonymous(
    layout: &Layout,
    name: VolumeName,
    labels: Labels,
    owner: &ContainerId,
) -> Result<(), VolumeError> {
    let (driver, driver_opts) = (driver::LOCAL.to_owned(), BTreeMap::new());
    let spec = VolumeSpec { name, driver, driver_opts, labels };
    make(layout, &spec, Some(owner)).map(drop)
}

fn make(
    layout: &Layout,
    spec: &VolumeSpec,
    owner: Option<&ContainerId>,
) -> Result<ObservedVolume, VolumeError> {
    if let Some(found) = read(layout, &spec.name)? {
        return Ok(found.into());
    }
    driver::Driver::of(spec)?;
    let path = layout.volume(&spec.name);
    let made = DirBuilder::new().mode(FOLDER_MODE).recursive(true).create(&path);
    made.map_err(|source| VolumeError::Folder { attempt: "create", path, source })?;
    let record = VolumeRecord { spec: spec.clone(), owner: owner.cloned(), created_at: SystemTime::now() };
    record::write(layout, &record).map_err(|source| refused(&spec.name, source))?;
    note(layout, spec, VolumeAction::Create);
    Ok(record.into())
}

/// Removes a volume and its data; one that is not there counts as removed.
///
/// # Errors
/// Says why it could not be removed, such as the container that uses it.
pub fn remove(layout: &Layout, name: &VolumeName) -> Result<(), VolumeError> {
    remove_but_for(layout, name, None)
}

/// Removes a volume without a name, of which the container `leaving` has no more need; one with a name
/// stays.
///
/// # Errors
/// Says why it could not be removed, such as another container that uses it.
pub(crate) fn remove_anonymous(
    layout: &Layout,
    name: &VolumeName,
    leaving: &ContainerId,
) -> Result<(), VolumeError> {
    match read(layout, name)? {
        Some(record) if record.owner.is_some() => remove_but_for(layout, name, Some(leaving)),
        _ => Ok(()),
    }
}

/// Removes a volume that no container uses but for `leaving`.
fn remove_but_for(
    layout: &Layout,
    name: &VolumeName,
    leaving: Option<&ContainerId>,
) -> Result<(), VolumeError> {
    if let Some(container) = user_of(layout, name, leaving)? {
        return Err(VolumeError::InUse { name: name.clone(), container });
    }
    let found = read(layout, name).ok().flatten();
    let path = layout.volume(name);
    // What is mounted over its folder is not ours to remove.
    attach::detach(&data(layout, name))
        .map_err(|source| VolumeError::Attach { name: name.clone(), source })?;
    // Without its record it is half removed and never half found.
    for gone in [fs::remove_file(record::path(layout, name)), fs::remove_dir_all(&path)] {
        absent(gone).map_err(|source| VolumeError::Folder {
            attempt: "remove",
            path: path.clone(),
            source,
        })?;
    }
    if let Some(record) = found {
        note(layout, &record.spec, VolumeAction::Destroy);
    }
    Ok(())
}

fn note(layout: &Layout, spec: &VolumeSpec, action: VolumeAction) {
    let (name, labels) = (spec.name.clone(), spec.labels.clone());
    events::note(layout, EventObject::Volume { name, labels, action });
}

fn user_of(
    layout: &Layout,
    name: &VolumeName,
    leaving: Option<&ContainerId>,
) -> Result<Option<ContainerName>, VolumeError> {
    let others = container::ids(layout).unwrap_or_default().into_iter().filter(|id| Some(id) != leaving);
    for id in others {
        let record = container::load(layout, &id).map_err(|source| refused(name, source))?;
        if let Some(record) = record.filter(|record| record.volumes.values().any(|used| used == name)) {
            return Ok(Some(record.spec.name));
        }
    }
    Ok(None)
}

/// All volumes by name.
///
/// # Errors
/// Says which record could not be read.
pub fn list(layout: &Layout) -> Result<Vec<ObservedVolume>, VolumeError> {
    Ok(records(layout)?.into_iter().map(ObservedVolume::from).collect())
}

/// All records by name.
pub(crate) fn records(layout: &Layout) -> Result<Vec<VolumeRecord>, VolumeError> {
    let path = layout.volumes();
    let failed = |source| VolumeError::Folder { attempt: "list", path: path.clone(), source };
    let mut names = Vec::new();
    match fs::read_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        entries => {
            for entry in entries.map_err(failed)? {
                let name = entry.map_err(failed)?.file_name().into_string().unwrap_or_default();
                names.extend(VolumeName::new(name).ok());
            }
        }
    }
    names.sort();
    names.iter().filter_map(|name| read(layout, name).transpose()).collect()
}

fn read(layout: &Layout, name: &VolumeName) -> Result<Option<VolumeRecord>, VolumeError> {
    record::read(layout, name).map_err(|source| refused(name, source))
}

fn refused(name: &VolumeName, source: RecordError) -> VolumeError {
    VolumeError::Record { name: name.clone(), source: Box::new(source) }
}

/// The folder that containers see.
#[must_use]
pub fn data(layout: &Layout, name: &VolumeName) -> PathBuf {
    layout.volume(name).join("data")
}

/// What is gone already needs no removing.
fn absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether containers find something in the volume.
pub(crate) fn is_empty(data: &Path) -> io::Result<bool> {
    match fs::read_dir(data) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        entries => Ok(entries?.next().is_none()),
    }
}
