//! Which volume stands behind each volume mount of a new container.
//!
//! A mount of the spec names it or leaves it anonymous; a volume of the image without a mount is
//! anonymous. An anonymous one is taken over from the container that is replaced, where that has one
//! at the same place, else it is made and filled from the image.

use super::{create, root};
use crate::runtime::rootfs::{Root, RootfsError};
use crate::state::Layout;
use crate::state::container::{self, ContainerRecord};
use crate::volume::{self, FillError, VolumeError};
use engine_spec::{ContainerName, Labels, MountSource, VolumeName};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// A container's volumes could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum VolumesError {
    /// A volume could not be made.
    #[error("cannot make the volume for {target}")]
    Make {
        /// Where it is mounted.
        target: String,
        /// Why.
        #[source]
        source: VolumeError,
    },
    /// A volume could not be filled.
    #[error("cannot fill the volume for {target} from the image")]
    Fill {
        /// Where it is mounted.
        target: String,
        /// Why.
        #[source]
        source: FillError,
    },
    /// The image's files could not be seen.
    #[error("cannot mount the image to fill volumes from it")]
    Image(#[source] RootfsError),
    /// No name could be drawn.
    #[error("cannot draw a name for an anonymous volume")]
    Random(#[source] io::Error),
}

/// A place for a volume.
struct Place {
    target: String,
    /// `None` for an anonymous one.
    name: Option<VolumeName>,
    is_filled: bool,
    /// Those of an anonymous one.
    labels: Labels,
}

/// Makes or finds the volume for each place, by its target, and fills those that are empty.
pub(super) fn assign(
    layout: &Layout,
    record: &ContainerRecord,
    inherit: Option<&ContainerName>,
) -> Result<BTreeMap<String, VolumeName>, VolumesError> {
    let places = places(record);
    if places.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut inherited = inherit.map_or_else(BTreeMap::new, |name| anonymous_of(layout, name));
    let mut assigned = BTreeMap::new();
    let mut image = None;
    for place in places {
        let taken_over = inherited.remove(&place.target).filter(|_| place.name.is_none());
        let name = match taken_over {
            Some(name) => name,
            None => make(layout, record, &place)?,
        };
        let failed = |source| VolumesError::Make { target: place.target.clone(), source };
        volume::acquire(layout, &name, &record.id).map_err(failed)?;
        let filled = make_ready(layout, record, &place, &name, &mut image);
        let released = volume::release(layout, &name, &record.id);
        filled?;
        released.map_err(|source| failed(VolumeError::Attach { name: name.clone(), source }))?;
        assigned.insert(place.target, name);
    }
    Ok(assigned)
}

fn places(record: &ContainerRecord) -> Vec<Place> {
    let mut places = Vec::new();
    for mount in record.spec.mounts.iter().chain(&record.inherited) {
        if let MountSource::Volume { name, options } = &mount.source {
            let target = mount.target.to_string_lossy().into_owned();
            let (name, labels) = (name.clone(), options.labels.clone());
            places.push(Place { target, name, is_filled: !options.no_copy, labels });
        }
    }
    let mounts = || record.spec.mounts.iter().chain(&record.inherited);
    let is_mounted = |target: &str| mounts().any(|mount| mount.target == Path::new(target));
    let images = record.image.volumes.iter().filter(|target| !is_mounted(target));
    places.extend(images.map(|target| Place {
        target: target.clone(),
        name: None,
        is_filled: true,
        labels: Labels::new(),
    }));
    places
}

/// The anonymous volumes of the container that is replaced, by target.
fn anonymous_of(layout: &Layout, name: &ContainerName) -> BTreeMap<String, VolumeName> {
    let id = container::by_name(layout, name);
    let Some(record) = id.and_then(|id| container::load(layout, &id).ok().flatten()) else {
        return BTreeMap::new();
    };
    let places = places(&record).into_iter().filter(|place| place.name.is_none());
    places
        .filter_map(|place| Some((place.target.clone(), record.volumes.get(&place.target)?.clone())))
        .collect()
}

fn make(layout: &Layout, record: &ContainerRecord, place: &Place) -> Result<VolumeName, VolumesError> {
    let failed = |source| VolumesError::Make { target: place.target.clone(), source };
    if let Some(name) = &place.name {
        volume::ensure(layout, name).map_err(failed)?;
        return Ok(name.clone());
    }
    let id = create::new_id(Path::new("/dev/urandom")).map_err(VolumesError::Random)?;
    let name = VolumeName::new(id.as_str()).expect("64 hex digits are a valid name");
    volume::create_anonymous(layout, name.clone(), place.labels.clone(), &record.id).map_err(failed)?;
    Ok(name)
}

/// The image is mounted for the first place that needs it, on the container's own upper folder.
fn make_ready(
    layout: &Layout,
    record: &ContainerRecord,
    place: &Place,
    name: &VolumeName,
    image: &mut Option<Root>,
) -> Result<(), VolumesError> {
    let data = volume::data(layout, name);
    if !place.is_filled && data.exists() {
        return Ok(());
    }
    let data = data.as_path();
    let failed = |source| VolumesError::Fill { target: place.target.clone(), source };
    if !place.is_filled {
        return volume::make_data(data).map_err(failed);
    }
    if !volume::is_empty(data)
        .map_err(|source| failed(FillError::Folder { path: data.to_owned(), source }))?
    {
        return Ok(());
    }
    let files = match image.take() {
        Some(files) => files,
        None => root::overlay(layout, record).mount().map_err(VolumesError::Image)?,
    };
    let filled = volume::fill(layout, name, &files, Path::new(&place.target)).map_err(failed);
    *image = Some(files);
    filled
}
