//! A folder in which everything is made ready before it becomes visible, all at once.
//!
//! Files and trees are written here, brought to disk by one `syncfs(2)`, then renamed into place in
//! the order they were added. A process that dies leaves only its staging folder, which is locked
//! while its maker lives; [`Staging::sweep`] removes those that nobody holds.

use super::StoreError;
use crate::state::{Layout, sync_stage};
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const PREFIX: &str = "image-";

/// A folder of things to be published; dropping it discards what was not.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: PathBuf,
    data: PathBuf,
    renames: Vec<(PathBuf, PathBuf)>,
    /// Tells [`Staging::sweep`] that the folder is in use.
    _held: Flock<File>,
}

impl Staging {
    /// Makes an empty staging folder.
    pub(crate) fn new(layout: &Layout) -> Result<Self, StoreError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = layout.temporary().join(format!("{PREFIX}{}-{count}", std::process::id()));
        let create = || {
            DirBuilder::new().recursive(true).mode(0o700).create(layout.temporary())?;
            // Between its making and its locking a folder must not look abandoned to a sweep.
            let _sweeper_waits = lock(&layout.temporary(), FlockArg::LockShared)?;
            remove_tree(&folder)?; // of an earlier process with our id
            DirBuilder::new().mode(0o700).create(&folder)?;
            lock(&folder, FlockArg::LockExclusiveNonblock)
        };
        let held = create().map_err(StoreError::io("create", &folder))?;
        Ok(Self { folder, data: layout.data().to_owned(), renames: Vec::new(), _held: held })
    }

    /// A place in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Has `from` renamed to `to` when everything is published.
    pub(crate) fn add(&mut self, from: PathBuf, to: PathBuf) {
        self.renames.push((from, to));
    }

    /// Brings everything to disk, then makes it visible in the order it was added.
    pub(crate) fn publish(mut self) -> Result<(), StoreError> {
        sync_stage(&self.data)?;
        for (from, to) in std::mem::take(&mut self.renames) {
            place(&from, &to).map_err(StoreError::io("write", to))?;
        }
        Ok(())
    }

    /// Removes staging folders whose makers are dead.
    pub(crate) fn sweep(layout: &Layout) {
        // What cannot be swept now is swept by the next pull.
        let Ok(_no_maker) = lock(&layout.temporary(), FlockArg::LockExclusiveNonblock) else { return };
        let Ok(entries) = fs::read_dir(layout.temporary()) else { return };
        for entry in entries.flatten() {
            let is_staging = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
            if is_staging && lock(&entry.path(), FlockArg::LockExclusiveNonblock).is_ok() {
                let _ = remove_tree(&entry.path());
            }
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = remove_tree(&self.folder);
    }
}

fn lock(folder: &Path, how: FlockArg) -> io::Result<Flock<File>> {
    Flock::lock(File::open(folder)?, how).map_err(|(_, errno)| errno.into())
}

/// Content is named by its digest, so what is already there is the same.
fn place(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => remove_tree(from),
        result => result,
    }
}

/// Removes a tree, never through a link; a missing one is removed already.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
