//! A container's files as its processes see them, whether it runs or not.
//!
//! While it runs they are reached through its first process. While it rests a thread of ours mounts its
//! root file system and its volumes in a mount namespace of its own, which goes with the thread. Either
//! way paths are resolved within the root folder by the kernel (openat2(2), RESOLVE_IN_ROOT).

pub(super) mod lookup;
mod mounts;
pub(super) mod place;
pub(super) mod tree;
pub(super) mod walk;

use super::{NoSuchContainer, root};
use crate::runtime::rootfs::{Root, RootfsError};
use crate::state::Layout;
use crate::state::container::{self, ContainerRecord};
use crate::state::process::ProcessRef;
use crate::state::record::RecordError;
use engine_spec::ContainerName;
use std::io;

/// A container's files could not be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// Its record could not be read.
    #[error("cannot read the record of container {name}")]
    Record {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// Its root file system could not be mounted.
    #[error("cannot mount the files of container {name}")]
    Rootfs {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: RootfsError,
    },
    /// It ended meanwhile, or one of its volumes could not be mounted.
    #[error("cannot reach the files of container {name}")]
    Reach {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The record of a container, or why there is none.
pub(super) fn record_of(layout: &Layout, name: &ContainerName) -> Result<ContainerRecord, FilesError> {
    let id = super::find(layout, name)?;
    let record = container::load(layout, &id);
    let record =
        record.map_err(|source| FilesError::Record { name: name.clone(), source: Box::new(source) })?;
    record.ok_or_else(|| NoSuchContainer(name.clone()).into())
}

/// Does `work` with the root folder of a container's files, its volumes included.
pub(super) fn with_files<T: Send>(
    layout: &Layout,
    record: &ContainerRecord,
    work: impl FnOnce(&Root) -> T + Send,
) -> Result<T, FilesError> {
    let name = &record.spec.name;
    let reach = |source| FilesError::Reach { name: name.clone(), source };
    if let Some(root) = running_files(layout, record)? {
        return Ok(work(&root));
    }
    let root = resting_files(layout, record)?;
    let inside = || mounts::apart(layout, record, &root).map(|()| work(&root));
    // A thread has a mount namespace of its own for as long as it lives.
    let done = std::thread::scope(|scope| scope.spawn(inside).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map_err(reach)
}

/// The root folder of a container's files; its volumes are mounted there only while it runs.
pub(super) fn own_files(layout: &Layout, record: &ContainerRecord) -> Result<Root, FilesError> {
    match running_files(layout, record)? {
        Some(root) => Ok(root),
        None => resting_files(layout, record),
    }
}

fn running_files(layout: &Layout, record: &ContainerRecord) -> Result<Option<Root>, FilesError> {
    let name = || record.spec.name.clone();
    let status = container::status(layout, &record.id);
    let status = status.map_err(|source| FilesError::Record { name: name(), source: Box::new(source) })?;
    let root = status.init.filter(ProcessRef::is_alive).map(root::of_process).transpose();
    root.map_err(|source| FilesError::Reach { name: name(), source })
}

fn resting_files(layout: &Layout, record: &ContainerRecord) -> Result<Root, FilesError> {
    let mounted = root::overlay(layout, record).mount();
    mounted.map_err(|source| FilesError::Rootfs { name: record.spec.name.clone(), source })
}
