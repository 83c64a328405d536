//! What a container changed in the files of its image: its overlay's upper folder, read.

use super::NoSuchContainer;
use super::folder::Folder;
use crate::state::Layout;
use engine_spec::{ContainerId, ContainerName};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A path that is not as the image has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Where, from the root.
    pub path: PathBuf,
    /// How.
    pub kind: ChangeKind,
}

/// How a path is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The image has it not.
    Added,
    /// The image has it otherwise.
    Changed,
    /// The image alone has it.
    Deleted,
}

impl ChangeKind {
    /// Docker's letter for it: `A`, `C` or `D`.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Changed => 'C',
            Self::Deleted => 'D',
        }
    }
}

/// The changes of a container could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// A folder could not be read.
    #[error("cannot read the changes of container {name}")]
    Read {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The paths that a container changed, sorted.
///
/// # Errors
/// Says why they could not be read.
#[expect(clippy::todo, reason = "lands within the hour")]
pub fn diff(layout: &Layout, name: &ContainerName) -> Result<Vec<Change>, DiffError> {
    let _ = (layout, name);
    todo!("lands within the hour")
}

/// How many bytes a container has written over its image; what cannot be read counts as nothing.
#[must_use]
pub fn written_bytes(layout: &Layout, id: &ContainerId) -> u64 {
    fn below(folder: &Path) -> u64 {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let sizes = entries.map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => below(&entry.path()),
            Ok(metadata) if metadata.is_file() => metadata.len(),
            Ok(_) | Err(_) => 0,
        });
        sizes.sum()
    }
    below(&Folder::of(layout, id).upper())
}
