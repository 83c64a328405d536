//! A container's mounts: what is asked for becomes paths of the host.
//!
//! ```text
//! prepare   folders for binds are made, volumes of drivers, parts of volumes and images are mounted on the host
//! resolve   where each mount comes from; makes nothing, so that an adopted container is described too
//! release   what `prepare` mounted goes, once nobody uses it
//! ```

mod image;
mod part;

use super::Supervised;
use crate::container::folder::Folder;
use crate::runtime::rootfs::{Root, RootfsError};
use crate::runtime::spec::{IdMap, ResolvedMount, ResolvedSource};
use crate::runtime::user::ResolvedUser;
use crate::state::container;
use crate::volume::{self, VolumeError};
use engine_spec::{BindOptions, MountSource, MountSpec, NetworkMode, Recursive};
use nix::fcntl::OFlag;
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The file name of the Docker API's socket: without one no folder is made in its place.
const API_SOCKET: &str = "docker.sock";

/// Why a mount has no source.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("bind source path does not exist: {path}: make it, or set `create_host_path: true`")]
    Missing { path: PathBuf },
    #[error("cannot use {path} as the source of {}", target.display())]
    Source {
        path: PathBuf,
        target: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot mount the volume for {}", target.display())]
    Volume {
        target: PathBuf,
        #[source]
        source: VolumeError,
    },
    #[error("cannot mount an image at {}", target.display())]
    Image {
        target: PathBuf,
        #[source]
        source: RootfsError,
    },
}

/// The spec's mounts by number, then those of other containers.
fn asked_for(supervised: &Supervised) -> impl Iterator<Item = (usize, &MountSpec)> {
    let record = &supervised.record;
    record.spec.mounts.iter().chain(&record.inherited).enumerate()
}

/// Makes every source ready that is not simply there.
pub(super) fn prepare(supervised: &Supervised) -> Result<(), SourceError> {
    let Supervised { layout, record, folder, .. } = supervised;
    for (number, mount) in asked_for(supervised) {
        match &mount.source {
            MountSource::Bind { path, options } => prepare_bind(path, options, &mount.target)?,
            MountSource::Image { id, .. } => {
                let layers = record.mounted_images.get(id).map(Vec::as_slice).unwrap_or_default();
                image::mount(layout, &folder.image(number), layers)
                    .map_err(|source| SourceError::Image { target: mount.target.clone(), source })?;
            }
            MountSource::Volume { .. } | MountSource::Tmpfs { .. } | MountSource::Content { .. } => {}
        }
    }
    for (target, name) in &record.volumes {
        volume::acquire(layout, name, &record.id)
            .map_err(|source| SourceError::Volume { target: target.into(), source })?;
    }
    prepare_parts(supervised)
}

/// Once the volumes are there.
fn prepare_parts(supervised: &Supervised) -> Result<(), SourceError> {
    for (number, mount) in asked_for(supervised) {
        let MountSource::Volume { options, .. } = &mount.source else { continue };
        if let Some(subpath) = &options.subpath {
            let volume = volume_of(supervised, mount);
            part::mount(&volume, subpath, &supervised.folder.part(number))
                .map_err(|source| refused(&volume.join(subpath), &mount.target, source))?;
        }
    }
    Ok(())
}

/// Where the content of the volume that `mount` mounts lies.
fn volume_of(supervised: &Supervised, mount: &MountSpec) -> PathBuf {
    let name = mount.target.to_str().and_then(|target| supervised.record.volumes.get(target));
    name.map_or_else(PathBuf::new, |name| volume::data(&supervised.layout, name))
}

/// Lets go of what [`prepare`] mounted; returns the first failure.
pub(super) fn release(supervised: &Supervised) -> io::Result<()> {
    let Supervised { layout, record, folder, .. } = supervised;
    let mut outcome = image::unmount_all(folder).and(part::unmount_all(folder));
    for name in record.volumes.values() {
        outcome = outcome.and(volume::release(layout, name, &record.id));
    }
    outcome
}

fn prepare_bind(path: &Path, options: &BindOptions, target: &Path) -> Result<(), SourceError> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    if !options.create_host_path {
        return Err(SourceError::Missing { path: path.to_owned() });
    }
    if is_api_socket(path) {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|source| refused(path, target, source))
}

fn is_api_socket(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == API_SOCKET)
}

fn refused(path: &Path, target: &Path, source: io::Error) -> SourceError {
    SourceError::Source { path: path.to_owned(), target: target.to_owned(), source }
}

/// All mounts, the image's volumes and the files of /etc that nobody else mounts among them.
pub(super) fn resolve(
    supervised: &Supervised,
    user: &ResolvedUser,
) -> Result<Vec<ResolvedMount>, SourceError> {
    let mut mounts = Vec::new();
    for (number, mount) in asked_for(supervised) {
        let is_engines = matches!(mount.source, MountSource::Content { .. } | MountSource::Image { .. });
        mounts.extend(source(supervised, user, number, mount)?.map(|source| ResolvedMount {
            target: mount.target.clone(),
            source,
            read_only: mount.read_only || is_engines,
        }));
    }
    let is_free = |target: &Path, mounts: &[ResolvedMount]| mounts.iter().all(|mount| mount.target != target);
    for (target, name) in &supervised.record.volumes {
        if is_free(Path::new(target), &mounts) {
            mounts.push(engines(target.into(), volume::data(&supervised.layout, name)));
        }
    }
    let etc = etc_folder(supervised);
    for name in ["hostname", "hosts", "resolv.conf"] {
        let target = Path::new("/etc").join(name);
        if is_free(&target, &mounts) {
            mounts.push(engines(target, etc.etc(name)));
        }
    }
    Ok(mounts)
}

/// Who shares another container's network shares the files that describe it.
fn etc_folder(supervised: &Supervised) -> Folder {
    let Supervised { layout, record, folder, .. } = supervised;
    match &record.spec.network {
        NetworkMode::Container { name } => {
            container::by_name(layout, name).map_or_else(|| folder.clone(), |id| Folder::of(layout, &id))
        }
        NetworkMode::None | NetworkMode::Host | NetworkMode::Networks { .. } => folder.clone(),
    }
}

fn engines(target: PathBuf, path: PathBuf) -> ResolvedMount {
    ResolvedMount { target, source: plain(path), read_only: false }
}

fn plain(path: PathBuf) -> ResolvedSource {
    ResolvedSource::Bind { path, propagation: None, recursive: Recursive::Enabled, idmap: None }
}

/// Where a mount comes from; `None` for a socket of an API that nobody serves.
fn source(
    supervised: &Supervised,
    user: &ResolvedUser,
    number: usize,
    mount: &MountSpec,
) -> Result<Option<ResolvedSource>, SourceError> {
    let folder = &supervised.folder;
    Ok(match &mount.source {
        MountSource::Bind { path, .. } if is_api_socket(path) && !path.exists() => None,
        MountSource::Bind { path, options } => Some(ResolvedSource::Bind {
            path: path.clone(),
            propagation: options.propagation.clone(),
            recursive: options.recursive,
            idmap: options
                .idmap
                .then(|| idmap(path, user))
                .transpose()
                .map_err(|source| refused(path, &mount.target, source))?,
        }),
        MountSource::Volume { options, .. } => Some(plain(match &options.subpath {
            Some(_) => folder.part(number),
            None => volume_of(supervised, mount),
        })),
        MountSource::Tmpfs { options } => Some(ResolvedSource::Tmpfs(options.clone())),
        MountSource::Image { subpath, .. } => {
            let root = image::root(&folder.image(number));
            let path = match subpath {
                Some(subpath) => below(&root, subpath)
                    .map_err(|source| refused(&root.join(subpath), &mount.target, source))?,
                None => root,
            };
            Some(plain(path))
        }
        MountSource::Content { .. } => Some(plain(folder.content(number))),
    })
}

/// The owner of the source is seen as the container's user.
fn idmap(path: &Path, user: &ResolvedUser) -> io::Result<IdMap> {
    let owner = fs::metadata(path)?;
    Ok(IdMap { uid: (owner.uid(), user.uid), gid: (owner.gid(), user.gid) })
}

/// A path below a folder that nobody can change but whose content may be hostile: links must not lead out of it.
fn below(folder: &Path, subpath: &Path) -> io::Result<PathBuf> {
    let root = Root::from_mount(fs::File::open(folder)?.into(), PathBuf::new());
    let opened = root.open(subpath, OFlag::O_PATH | OFlag::O_CLOEXEC)?;
    fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd()))
}
