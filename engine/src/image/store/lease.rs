//! Layers that something under way needs, though no image or container names them yet.
//!
//! A lease is a file of diff ids, locked for as long as its holder lives; one that nobody holds counts
//! for nothing and is removed by whoever looks next.

use super::{Store, StoreError};
use crate::state::{Layout, lock};
use engine_spec::Digest;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

const PREFIX: &str = "lease-";

/// The right of a build, say, that its layers stay until it is done.
#[derive(Debug)]
pub struct Lease {
    layout: Layout,
    path: PathBuf,
    file: Mutex<Flock<File>>,
}

impl Store {
    /// Begins a lease of no layers.
    ///
    /// # Errors
    /// Says why its file could not be made.
    pub fn lease(&self) -> Result<Lease, StoreError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = self.layout.temporary();
        let path = folder.join(format!("{PREFIX}{}-{count}", std::process::id()));
        let make = || -> io::Result<_> {
            fs::create_dir_all(&folder)?;
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno.into())
        };
        let file = make().map_err(StoreError::io("create", &path))?;
        Ok(Lease { layout: self.layout.clone(), path, file: Mutex::new(file) })
    }

    /// The layers of all leases that are held; the caller holds the images' lock.
    pub(super) fn leased(&self) -> Result<Vec<Digest>, StoreError> {
        let folder = self.layout.temporary();
        let mut leased = Vec::new();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
                continue;
            }
            let Ok(file) = File::open(&path) else { continue };
            if Flock::lock(file, FlockArg::LockSharedNonblock).is_ok() {
                let _ = fs::remove_file(&path); // its holder is dead
                continue;
            }
            let text = fs::read_to_string(&path).map_err(StoreError::io("read", &path))?;
            leased.extend(text.lines().filter_map(|line| line.parse::<Digest>().ok()));
        }
        Ok(leased)
    }
}

impl Lease {
    /// Takes layers in; from now on no removal touches those that are still there.
    ///
    /// # Errors
    /// Says why the lease could not be written, or the store not be locked.
    pub fn hold<'a>(&self, layers: impl IntoIterator<Item = &'a Digest>) -> Result<(), StoreError> {
        let lines: String = layers.into_iter().map(|diff_id| format!("{diff_id}\n")).collect();
        // A removal that is under way has looked at the leases already.
        let _lock = lock::images(&self.layout)?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(lines.as_bytes()).map_err(StoreError::io("write", &self.path))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
