//! Trees to archives.
use super::Layer;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A tree that cannot be archived.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Something in the tree could not be read.
    #[error("cannot read {path}")]
    Read {
        /// What, below the tree's root.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The archive could not be written.
    #[error("cannot write the archive")]
    Write(#[source] io::Error),
}

/// The layer that a tree makes.
///
/// # Errors
/// Says what in the tree cannot be archived.
pub fn digest(tree: &Path) -> Result<Layer, CommitError> {
    write(tree, io::sink())
}

/// Writes the archive that a tree makes.
///
/// # Errors
/// Says what in the tree cannot be archived, or why it could not be written.
pub fn write(_tree: &Path, _sink: impl Write) -> Result<Layer, CommitError> {
    todo!()
}
