//! Blobs whose transfer was broken off: what has come stays, and the next pull goes on from there.
//!
//! A partial blob lies in the temporary folder under its digest, locked by who fetches it. Nothing vouches
//! for its content: it goes through hashing and unpacking once more like the bytes that follow it.

use super::{BlobWriter, Store, StoreError};
use crate::image::manifest::Descriptor;
use crate::state::Layout;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Take};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PREFIX: &str = "partial-";
/// What nobody has come back for in a week is not wanted any more.
const LONGEST_KEPT: Duration = Duration::from_secs(7 * 86_400);

/// The beginning of a blob, and the right to go on with it.
#[derive(Debug)]
pub(crate) struct Partial {
    path: PathBuf,
    file: Flock<File>,
    length: u64,
}

impl Store {
    /// Opens what there is of a blob; waits for another process that fetches it.
    pub(crate) fn partial(&self, blob: &Descriptor) -> Result<Partial, StoreError> {
        let folder = self.layout.temporary();
        let path = folder.join(format!("{PREFIX}{}", blob.digest.hex()));
        let open = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            let file = open_locked(&path)?;
            if file.metadata()?.len() > blob.size {
                file.set_len(0)?;
            }
            let length = file.metadata()?.len();
            Ok(Partial { path: path.clone(), file, length })
        };
        open().map_err(StoreError::io("open", &path))
    }

    /// Removes every partial blob that nobody is going on with; returns how many bytes they had.
    pub fn forget_partials(&self) -> u64 {
        remove_unused(&self.layout, Duration::ZERO)
    }
}

impl Partial {
    /// How many bytes have come already.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The bytes that have come, and a writer that expects to be given them again before the others.
    pub(super) fn go_on(&self, blob: &Descriptor) -> Result<(Take<File>, BlobWriter), StoreError> {
        let open = || {
            let mut file = self.file.try_clone()?;
            file.seek(SeekFrom::Start(self.length))?;
            Ok((File::open(&self.path)?.take(self.length), file))
        };
        let (kept, file) = open().map_err(StoreError::io("read", &self.path))?;
        Ok((kept, BlobWriter::after(file, self.path.clone(), self.length, blob)))
    }

    /// Removes it: what has come is not the blob, or will be of no use.
    pub(super) fn discard(self) {
        let _ = fs::remove_file(&self.path);
    }

    /// Removes what has waited too long to be gone on with.
    pub(crate) fn sweep(layout: &Layout) {
        remove_unused(layout, LONGEST_KEPT);
    }
}

/// A partial blob that is complete is renamed; who has waited for its lock then begins a new one.
fn open_locked(path: &Path) -> io::Result<Flock<File>> {
    loop {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
        let is_there = fs::metadata(path).is_ok_and(|found| {
            file.metadata().is_ok_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino()))
        });
        if is_there {
            return Ok(file);
        }
    }
}

fn remove_unused(layout: &Layout, age: Duration) -> u64 {
    let mut bytes = 0;
    for entry in fs::read_dir(layout.temporary()).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        let is_partial = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let is_old = metadata.modified().is_ok_and(|time| time.elapsed().unwrap_or_default() >= age);
        let lock = |file| Flock::lock(file, FlockArg::LockExclusiveNonblock).ok();
        if is_partial
            && is_old
            && File::open(entry.path()).ok().and_then(lock).is_some()
            && fs::remove_file(entry.path()).is_ok()
        {
            bytes += metadata.len();
        }
    }
    bytes
}
