//! Archives of root file systems as images.
use super::{Image, Store, StoreError};
use engine_spec::{ImageReference, Platform};
use std::io::Read;

/// An archive did not become an image.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A change is none of the instructions an import knows.
    #[error("`{change}` is not a change that an import can make: {reason}")]
    Change {
        /// What was given.
        change: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The store refused it.
    #[error("cannot store the imported image")]
    Store(#[from] StoreError),
}

/// Makes a one-layer image of a root file system's archive (tar, plain, gzip or zstd).
///
/// `changes` are Dockerfile instructions: `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `LABEL`, `USER`,
/// `VOLUME`, `WORKDIR`, `STOPSIGNAL`.
///
/// # Errors
/// Says which change is malformed, or why the archive was refused.
pub fn import(
    _store: &Store,
    _archive: impl Read + Send,
    _platform: &Platform,
    _changes: &[String],
    _name: Option<&ImageReference>,
) -> Result<Image, ImportError> {
    todo!()
}
