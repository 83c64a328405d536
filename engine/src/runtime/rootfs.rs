//! A container's root file system: image layers below, its own changes on top (overlayfs).
//!
//! The overlay is mounted *detached*: it has no path until the container's init attaches it inside
//! its own mount namespace, so the host's mount table never shows it and nothing is left behind by
//! whoever is killed. Until then [`Root`] is a descriptor through which files of the image are read.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

/// What an overlay is made of.
#[derive(Debug, Clone)]
pub struct Overlay {
    /// Read-only layers, topmost first.
    pub layers: Vec<PathBuf>,
    /// Where changes are kept.
    pub upper: PathBuf,
    /// An empty folder on the file system of `upper`, for overlayfs alone.
    pub work: PathBuf,
    /// What `fsync` inside means.
    pub durability: Durability,
}

/// What `fsync` inside a root file system means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// What it says: containers keep user data in their upper folder (a database without a volume).
    Honoured,
    /// Nothing (overlayfs `volatile`): for build steps, whose upper folder is thrown away unless the
    /// step succeeds and is then synced as a whole.
    Deferred,
}

/// A mounted root file system.
#[derive(Debug)]
pub struct Root {
    mount: OwnedFd,
    /// Where init attaches it inside its own mount namespace.
    mountpoint: PathBuf,
}

/// A root file system could not be mounted.
#[derive(Debug, thiserror::Error)]
pub enum RootfsError {
    /// A folder it is made of cannot be opened.
    #[error("cannot open {path}, a part of the root file system")]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The kernel refused the overlay.
    #[error("cannot mount the root file system at {upper}")]
    Mount {
        /// Its upper folder.
        upper: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Overlay {
    /// Mounts it, visible to nobody but through the returned descriptor.
    ///
    /// # Errors
    /// Names the folder that is missing, or says why the kernel refused.
    pub fn mount(&self) -> Result<Root, RootfsError> {
        todo!()
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.mount.as_fd()
    }
}
