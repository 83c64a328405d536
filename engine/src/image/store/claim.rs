//! A layer that one pull is fetching, so that others wait for it instead of fetching it too.

use super::{Store, StoreError};
use engine_spec::Digest;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// The right to bring one layer; dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Claim {
    path: PathBuf,
    _held: Flock<fs::File>,
}

impl Claim {
    /// Waits until nobody else brings the layer.
    pub(crate) fn new(store: &Store, diff_id: &Digest) -> Result<Self, StoreError> {
        let path = store.layout.temporary().join(format!("claim-{}", diff_id.hex()));
        let claim = || -> io::Result<_> {
            fs::create_dir_all(store.layout.temporary())?;
            let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into())
        };
        let held = claim().map_err(StoreError::io("lock", &path))?;
        Ok(Self { path, _held: held })
    }
}

impl Drop for Claim {
    /// Who waits holds the file that is gone here, and looks for the layer first; at worst a layer
    /// that this process failed to bring is brought twice.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
