//! Making a container: its name, its folder, its volumes, its record.

use super::folder::Folder;
use super::making::{Making, MakingError};
use super::shared::{self, SharedError};
use super::volumes::{self, VolumesError};
use crate::image::{Image, Store, StoreError, fits, platform_name};
use crate::state::container::{self, ContainerRecord};
use crate::state::record::{self, RecordError};
use crate::state::{Layout, events};
use crate::supervisor::log::{self, LogOptionError};
use engine_spec::{
    ContainerAction, ContainerId, ContainerName, ContainerSpec, Digest, ImageReference, MountSource,
};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A container's root folder gets the mode of its upper folder.
const ROOT_MODE: u32 = 0o755;
/// Passed through on the way to the root folder, by users of the container too.
const PASSED_MODE: u32 = 0o711;

/// A container could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// Another container has the name, or its folder could not be made.
    #[error(transparent)]
    Making(#[from] MakingError),
    /// The image is not in the store.
    #[error("image {image} ({}) is not in the local store", id.short())]
    NoImage {
        /// As the user named it.
        image: ImageReference,
        /// Its config digest.
        id: Digest,
    },
    /// The image is for another platform than the one asked for.
    #[error("image {image} is for {found}, not for the platform {wanted} that is asked for")]
    Platform {
        /// As the user named it.
        image: Box<ImageReference>,
        /// What it is for.
        found: String,
        /// What it should be for.
        wanted: String,
    },
    /// The image could not be read.
    #[error("cannot read image {image}")]
    Image {
        /// As the user named it.
        image: ImageReference,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
    /// Its volumes could not be made or filled.
    #[error(transparent)]
    Volumes(#[from] VolumesError),
    /// Its log cannot be kept as asked for.
    #[error(transparent)]
    Log(#[from] LogOptionError),
    /// It cannot have what it shares with others.
    #[error(transparent)]
    Shared(#[from] SharedError),
    /// A file of it could not be written.
    #[error("cannot {attempt} {path} for container {name}")]
    File {
        /// `create` or `write`.
        attempt: &'static str,
        /// Which.
        path: PathBuf,
        /// Whose.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its record could not be written.
    #[error("cannot keep container {name}")]
    Record {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
}

/// Makes a container without starting it; takes over the anonymous volumes of `inherit`.
///
/// What is written is brought to disk by [`sync_stage`](crate::state::sync_stage) of its stage.
///
/// # Errors
/// Says why it could not be made; nothing is left of it then.
pub fn create(
    layout: &Layout,
    spec: &ContainerSpec,
    inherit: Option<&ContainerName>,
) -> Result<ContainerId, CreateError> {
    log::check(&spec.log)?;
    let image = find_image(layout, spec)?;
    let file = |attempt, path: &Path, source| CreateError::File {
        attempt,
        path: path.to_owned(),
        name: spec.name.clone(),
        source,
    };
    let urandom = Path::new("/dev/urandom");
    let id = new_id(urandom).map_err(|source| file("read", urandom, source))?;
    let folder = Folder::of(layout, &id);
    let making = Making::begin(layout, &id, &spec.name)?;
    for (path, mode) in [(folder.upper(), ROOT_MODE), (folder.work(), PASSED_MODE)] {
        DirBuilder::new().mode(mode).create(&path).map_err(|source| file("create", &path, source))?;
    }
    write_contents(&folder, spec).map_err(|(path, source)| file("write", &path, source))?;
    let mut record = ContainerRecord {
        id: id.clone(),
        spec: spec.clone(),
        image: image.config,
        layers: image.layers,
        created_at: SystemTime::now(),
        volumes: Default::default(),
        inherited: shared::inherited(layout, spec)?,
        mounted_images: shared::mounted_images(layout, spec)?,
    };
    record.volumes = volumes::assign(layout, &record, inherit)?;
    let kept = record::write_volatile(&container::record_path(layout, &id), &record);
    kept.map_err(|source| CreateError::Record { name: spec.name.clone(), source: Box::new(source) })?;
    making.finish();
    events::note_container(layout, &record, ContainerAction::Create);
    Ok(id)
}

fn find_image(layout: &Layout, spec: &ContainerSpec) -> Result<Image, CreateError> {
    let image = || spec.image.clone();
    let found = Store::open(layout).image(&spec.image_id);
    let found = found
        .map_err(|source| CreateError::Image { image: image(), source: Box::new(source) })?
        .ok_or_else(|| CreateError::NoImage { image: image(), id: spec.image_id.clone() })?;
    match &spec.platform {
        Some(wanted) if !fits(&found.platform, wanted) => Err(CreateError::Platform {
            image: Box::new(image()),
            found: platform_name(&found.platform),
            wanted: platform_name(wanted),
        }),
        Some(_) | None => Ok(found),
    }
}

/// 32 bytes of the kernel's random generator.
pub(super) fn new_id(urandom: &Path) -> io::Result<ContainerId> {
    let mut bytes = [0; 32];
    File::open(urandom)?.read_exact(&mut bytes)?;
    Ok(ContainerId::from_random(bytes))
}

/// Writes configs and secrets, each with its owner and mode before its bytes.
fn write_contents(folder: &Folder, spec: &ContainerSpec) -> Result<(), (PathBuf, io::Error)> {
    for (number, mount) in spec.mounts.iter().enumerate() {
        let MountSource::Content { bytes, mode, uid, gid } = &mount.source else { continue };
        let path = folder.content(number);
        let write = || -> io::Result<()> {
            let parent = path.parent().unwrap_or(Path::new("/"));
            DirBuilder::new().mode(PASSED_MODE).recursive(true).create(parent)?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            fchown(&file, Some(*uid), Some(*gid))?;
            file.set_permissions(Permissions::from_mode(*mode))?;
            file.write_all(bytes)
        };
        write().map_err(|source| (path.clone(), source))?;
    }
    Ok(())
}
