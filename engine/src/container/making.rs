//! A container that is being made or removed, so that either all of it is there or nothing.
//!
//! ```text
//! made:     folder (locked) ── name ── upper, volumes, … ── record.json
//! removed:  record.json ── volumes, name ── folder
//! ```
//! A folder without a record is half made. Whoever is at work holds a lock on it (flock(2)); one that
//! nobody holds was left by a killed command, and [`discard`] takes it away.

use super::folder::Folder;
use crate::state::Layout;
use crate::state::container;
use crate::supervisor::presence;
use crate::{network, volume};
use engine_spec::{ContainerId, ContainerName};
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

/// Containers' users pass through it to their root folder.
const FOLDER_MODE: u32 = 0o711;

/// A container could not be begun.
#[derive(Debug, thiserror::Error)]
pub enum MakingError {
    /// Another container has the name.
    #[error("the container name {name} is already in use by container {}", owner.short())]
    NameTaken {
        /// The name.
        name: ContainerName,
        /// Who has it.
        owner: ContainerId,
    },
    /// Its folder or name could not be made.
    #[error("cannot create {path}")]
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Takes everything back unless it is finished.
#[derive(Debug)]
pub(super) struct Making<'a> {
    layout: &'a Layout,
    id: &'a ContainerId,
    /// Held while the container is half made.
    folder: Option<Flock<File>>,
}

impl<'a> Making<'a> {
    /// Makes the folder and reserves the name.
    pub(super) fn begin(
        layout: &'a Layout,
        id: &'a ContainerId,
        name: &ContainerName,
    ) -> Result<Self, MakingError> {
        let path = layout.container(id);
        let failed = |source| MakingError::Create { path: path.clone(), source };
        // Locked before it is seen: another project's repair takes an unlocked one for left behind.
        let beside = layout.temporary().join(id.as_str());
        DirBuilder::new().mode(FOLDER_MODE).create(&beside).map_err(failed)?;
        let lock = lock_folder(&beside).map_err(failed)?;
        fs::rename(&beside, &path).map_err(failed)?;
        let making = Self { layout, id, folder: Some(lock) };
        reserve(layout, name, id)?;
        Ok(making)
    }

    /// The record is there: the container is made.
    pub(super) fn finish(mut self) {
        self.folder = None;
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        if self.folder.take().is_some() {
            // What cannot be taken back now is taken back by repair.
            let _ = discard(self.layout, self.id);
        }
    }
}

/// Waits for the right to make or remove the container of a folder.
pub(super) fn lock_folder(path: &Path) -> io::Result<Flock<File>> {
    Flock::lock(File::open(path)?, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into())
}

/// The same without waiting; `None` where somebody is at work.
pub(super) fn try_lock_folder(path: &Path) -> io::Result<Option<Flock<File>>> {
    match Flock::lock(File::open(path)?, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(errno.into()),
    }
}

/// Reserves a name. One whose container has another name by now, or is gone, was left by a killed
/// command and is taken over.
pub(super) fn reserve(layout: &Layout, name: &ContainerName, id: &ContainerId) -> Result<(), MakingError> {
    let path = layout.container_name(name);
    match symlink(id.as_str(), &path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made.map_err(|source| MakingError::Create { path, source }),
    }
    match container::by_name(layout, name).filter(|owner| is_owner(layout, owner, name)) {
        Some(owner) => Err(MakingError::NameTaken { name: name.clone(), owner }),
        None => {
            let replace = || {
                let beside = layout.temporary().join(id.as_str());
                symlink(id.as_str(), &beside)?;
                fs::rename(&beside, &path)
            };
            replace().map_err(|source| MakingError::Create { path: path.clone(), source })
        }
    }
}

/// A half-made container owns its name as long as somebody is at work on it.
fn is_owner(layout: &Layout, id: &ContainerId, name: &ContainerName) -> bool {
    match container::load(layout, id) {
        Ok(Some(record)) => record.spec.name == *name,
        Ok(None) => matches!(try_lock_folder(&layout.container(id)), Ok(None)),
        Err(_) => true,
    }
}

/// Gives a name back, if it is this container's.
pub(super) fn release_name(layout: &Layout, name: &ContainerName, id: &ContainerId) -> io::Result<()> {
    if container::by_name(layout, name).as_ref() != Some(id) {
        return Ok(());
    }
    absent(fs::remove_file(layout.container_name(name)))
}

/// Removes all there is of a container without a record. The caller holds its folder's lock, or has
/// made sure that nobody does.
pub(super) fn discard(layout: &Layout, id: &ContainerId) -> io::Result<()> {
    for record in volume::records(layout).unwrap_or_default() {
        if record.owner.as_ref() == Some(id) {
            // A volume that another container inherited stays in use and refuses.
            let _ = volume::remove(layout, &record.spec.name);
        }
    }
    for network in network::list(layout).unwrap_or_default() {
        let _ = super::remove::release(layout, &network.spec.name, id, None);
    }
    for entry in fs::read_dir(layout.names())? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        if let Ok(name) = ContainerName::new(name) {
            release_name(layout, &name, id)?;
        }
    }
    let folder = Folder::of(layout, id);
    presence::remove_run_folder(&folder)?;
    absent(fs::remove_dir_all(folder.durable()))
}

/// What is gone already needs no removing.
pub(super) fn absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
