//! Volumes: named folders that outlive containers.

use crate::state::Layout;
use engine_spec::{ObservedVolume, VolumeName, VolumeSpec};
use std::path::PathBuf;

/// A volume could not be made, found, filled or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {}

/// Makes a volume; one that is there already stays as it is.
///
/// # Errors
/// Says why it could not be made.
pub fn create(layout: &Layout, spec: &VolumeSpec) -> Result<ObservedVolume, VolumeError> {
    let _ = (layout, spec);
    todo!()
}

/// Removes a volume and its data; one that is not there counts as removed.
///
/// # Errors
/// Says why it could not be removed, such as the container that uses it.
pub fn remove(layout: &Layout, name: &VolumeName) -> Result<(), VolumeError> {
    let _ = (layout, name);
    todo!()
}

/// All volumes by name.
///
/// # Errors
/// Says which record could not be read.
pub fn list(layout: &Layout) -> Result<Vec<ObservedVolume>, VolumeError> {
    let _ = layout;
    todo!()
}

/// The folder that containers see.
#[must_use]
pub fn data(layout: &Layout, name: &VolumeName) -> PathBuf {
    layout.volume(name).join("data")
}
