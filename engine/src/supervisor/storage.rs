//! `storage_opt: {size: …}`: how much a container may write to its own files, volumes apart.
//!
//! Its upper folder becomes a project of the file system, which counts what lies in it (xfs, or ext4 with
//! the `project` feature, mounted with `prjquota`). So does its work folder: what overlayfs copies up or
//! hides is made there and renamed into the upper folder, and no file is renamed into another project.

use super::Supervised;
use crate::sys::quota::{limit_project, set_project};
use engine_spec::ContainerId;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;

/// A container's storage could not be limited.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot limit what the container writes to {size} bytes: the file system of {} has no project quota in force; \
     mount it with `prjquota` (xfs, or ext4 with the `project` feature), or take `storage_opt` out",
    folder.display()
)]
pub(super) struct StorageError {
    size: u64,
    folder: PathBuf,
    #[source]
    source: io::Error,
}

/// Limits the container's own files, if it asks for that.
pub(super) fn limit(supervised: &Supervised) -> Result<(), StorageError> {
    let Supervised { record, folder, .. } = supervised;
    let Some(size) = record.spec.resources.storage_size else { return Ok(()) };
    let (upper, work, project) = (folder.upper(), folder.work(), project(&record.id));
    let limited = || -> io::Result<()> {
        let (upper, work) = (File::open(&upper)?, File::open(&work)?);
        set_project(upper.as_fd(), project)?;
        set_project(work.as_fd(), project)?;
        Ok(limit_project(upper.as_fd(), project, size)?)
    };
    limited().map_err(|source| StorageError { size, folder: upper.clone(), source })
}

/// Ids are random: two containers share the first 31 bits of them as good as never. The highest bit keeps
/// clear of the small numbers that people and other engines use.
fn project(id: &ContainerId) -> u32 {
    let first = id.as_str().get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    first.unwrap_or_default() | (1 << 31)
}
