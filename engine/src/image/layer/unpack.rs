//! Archives to trees.
use super::{ExtractError, Hasher, Layer};
use engine_spec::Digest;
use std::io::{self, Read};
use std::path::Path;

/// An archive that did not become a layer.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It is not the layer it should be.
    #[error("the archive has the digest {found}")]
    DiffIdMismatch {
        /// What it is.
        found: Digest,
    },
    /// Its bytes could not be read or decompressed.
    #[error("cannot read the archive")]
    Read(#[source] io::Error),
    /// An entry was refused or could not be written.
    #[error("cannot unpack the archive")]
    Extract(#[from] ExtractError),
}

pub(crate) fn unpack<R: Read + Send>(
    _archive: R,
    _tree: &Path,
    _hasher: Hasher,
) -> Result<(Layer, R), UnpackError> {
    todo!()
}
pub(crate) fn unpack_tree<R: Read + Send>(_archive: R, _tree: &Path) -> Result<(), UnpackError> {
    todo!()
}
