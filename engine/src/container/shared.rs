//! What a new container has from others: the volumes and binds of containers, the files of images.

use crate::image::{Store, StoreError};
use crate::state::Layout;
use crate::state::container::{self, ContainerRecord};
use crate::state::record::RecordError;
use engine_spec::{ContainerName, ContainerSpec, Digest, MountSource, MountSpec, VolumeOptions, VolumesFrom};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Why it cannot have them.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// There is no container of that name.
    #[error("cannot use the volumes of container {0}: there is none of that name")]
    NoContainer(ContainerName),
    /// The other container's record could not be read.
    #[error("cannot use the volumes of container {name}")]
    Record {
        /// Whose.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// The image is not in the store.
    #[error("image {0}, which is to be mounted, is not in the local store")]
    NoImage(String),
    /// The image could not be read.
    #[error("cannot read image {image}, which is to be mounted")]
    Image {
        /// Which.
        image: String,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
}

/// The mounts that `volumes_from` adds, where the container has none of its own.
pub(super) fn inherited(layout: &Layout, spec: &ContainerSpec) -> Result<Vec<MountSpec>, SharedError> {
    let mut inherited: Vec<MountSpec> = Vec::new();
    for from in &spec.volumes_from {
        let record = find(layout, &from.container)?;
        for mount in mounts_of(&record, from) {
            let is_taken = |other: &MountSpec| other.target == mount.target;
            if !spec.mounts.iter().chain(&inherited).any(is_taken) {
                inherited.push(mount);
            }
        }
    }
    Ok(inherited)
}

fn find(layout: &Layout, name: &ContainerName) -> Result<ContainerRecord, SharedError> {
    let missing = || SharedError::NoContainer(name.clone());
    let id = container::by_name(layout, name).ok_or_else(missing)?;
    let record = container::load(layout, &id);
    record
        .map_err(|source| SharedError::Record { name: name.clone(), source: Box::new(source) })?
        .ok_or_else(missing)
}

/// Binds as they are, then every volume under its real name, those of the image too.
fn mounts_of(record: &ContainerRecord, from: &VolumesFrom) -> Vec<MountSpec> {
    let asked = || record.spec.mounts.iter().chain(&record.inherited);
    let binds = asked().filter(|mount| matches!(mount.source, MountSource::Bind { .. }));
    let mut mounts: Vec<MountSpec> = binds.cloned().collect();
    for (target, name) in &record.volumes {
        let wish = asked().find(|mount| mount.target.as_os_str() == target.as_str());
        let options = match wish.map(|mount| &mount.source) {
            Some(MountSource::Volume { options, .. }) => options.clone(),
            _ => VolumeOptions::default(),
        };
        mounts.push(MountSpec {
            target: PathBuf::from(target),
            source: MountSource::Volume {
                name: Some(name.clone()),
                options: VolumeOptions { no_copy: true, ..options },
            },
            read_only: wish.is_some_and(|mount| mount.read_only),
        });
    }
    mounts.iter_mut().for_each(|mount| mount.read_only |= from.read_only);
    mounts
}

/// The layers of each image that the container mounts.
pub(super) fn mounted_images(
    layout: &Layout,
    spec: &ContainerSpec,
) -> Result<BTreeMap<Digest, Vec<Digest>>, SharedError> {
    let mut images = BTreeMap::new();
    for mount in &spec.mounts {
        let MountSource::Image { image, id, .. } = &mount.source else { continue };
        let found = Store::open(layout).image(id);
        let found = found
            .map_err(|source| SharedError::Image { image: image.to_string(), source: Box::new(source) })?;
        let found = found.ok_or_else(|| SharedError::NoImage(image.to_string()))?;
        images.insert(id.clone(), found.layers);
    }
    Ok(images)
}
