//! Files of the host written straight into a container, past any build: what `watch` does after a save.
//!
//! ```text
//! running:  /proc/<pid>/root -> the container's own mounts: volumes, tmpfs, binds      Entrance
//! resting:  its overlay, mounted for as long as it takes                                  |
//!           target folder (may be a link of the image) -> below it, never out of it     change
//!           temporary file, owner, mode, time, rename                                 files::place
//! ```
//!
//! Nothing is needed of the image: no shell, no `tar`, no `rm`. Writes go through the mounts that the
//! container sees, so its own inotify watches fire, which a write into the overlay's upper folder
//! would not cause (Documentation/filesystems/overlayfs.rst forbids it, too). The container is hostile:
//! every path is resolved by openat2(2) with its root as the root, and below the target without leaving it.

mod change;
mod entrance;
#[cfg(test)]
mod tests;

pub use entrance::{Entrance, EntranceError};

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// One path of a container to be brought into line.
#[derive(Debug)]
pub struct Change<'a> {
    /// The folder, or the file, that may be reached through links of the image.
    pub target: &'a Path,
    /// The path below it, through no link that leaves it; empty for the target itself.
    pub path: &'a Path,
    /// What is to be there.
    pub content: Content<'a>,
}

/// What is to be at a path.
#[derive(Debug)]
pub enum Content<'a> {
    /// A file with these bytes.
    File {
        /// Read from its start.
        bytes: &'a File,
        /// Permission bits.
        mode: u32,
        /// The time of its last modification.
        modified: SystemTime,
    },
    /// A symbolic link with this text.
    Link(&'a Path),
    /// A folder; what is in one stays.
    Folder {
        /// Permission bits.
        mode: u32,
    },
    /// Nothing.
    Nothing,
}

/// A path that could not be brought into line.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// A link of the container leads elsewhere.
    #[error("{path} in the container leads out of {target}, through a link")]
    Outside {
        /// The folder that must not be left.
        target: PathBuf,
        /// What would leave it.
        path: PathBuf,
    },
    /// A mount forbids it.
    #[error("{path} in the container is mounted read-only")]
    ReadOnly {
        /// Where.
        path: PathBuf,
    },
    /// The kernel refused.
    #[error("cannot write {path} in the container")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Change<'_> {
    /// The path inside the container.
    fn whole(&self) -> PathBuf {
        // Joining an empty path would leave a slash at the end.
        if self.path.as_os_str().is_empty() { self.target.to_owned() } else { self.target.join(self.path) }
    }
}
