//! Copying files into a container and out of it, whether it runs or not.
//!
//! Paths in the container are resolved within its root folder (openat2(2), RESOLVE_IN_ROOT), its
//! volumes included. What a trailing slash means is Docker's rule; see [`CopyError`].

use super::NoSuchContainer;
use crate::state::Layout;
use engine_spec::ContainerName;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// How to copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopyOptions {
    /// Keep owners (`-a`); else what arrives belongs to root in the container, to the caller outside.
    pub archive: bool,
    /// Follow a link that the source is (`-L`).
    pub follow_link: bool,
}

/// What is copied into a container.
pub enum Origin<'a> {
    /// A file or folder; `/.` at its end means its content.
    Path(&'a Path),
    /// A tar archive.
    Archive(&'a mut dyn Read),
}

/// Where what is copied out of a container goes.
pub enum Destination<'a> {
    /// A file or folder.
    Path(&'a Path),
    /// A tar archive.
    Archive(&'a mut dyn Write),
}

/// Files could not be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// The source is not there.
    #[error("there is no {} in container {name}", path.display())]
    NoSource {
        /// Which container.
        name: ContainerName,
        /// What.
        path: PathBuf,
    },
    /// Something could not be read or written.
    #[error("cannot {attempt} {}", path.display())]
    File {
        /// `read`, `write`, …
        attempt: &'static str,
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Copies files out of a container, and returns how many bytes they have.
///
/// # Errors
/// Says what could not be read or written.
#[expect(clippy::todo, reason = "lands within the hour")]
pub fn copy_out(
    layout: &Layout,
    name: &ContainerName,
    path: &Path,
    to: Destination<'_>,
    options: CopyOptions,
) -> Result<u64, CopyError> {
    let _ = (layout, name, path, options);
    match to {
        Destination::Path(_) | Destination::Archive(_) => todo!("lands within the hour"),
    }
}

/// Copies files into a container, and returns how many bytes they have.
///
/// # Errors
/// Says what could not be read or written.
#[expect(clippy::todo, reason = "lands within the hour")]
pub fn copy_in(
    layout: &Layout,
    name: &ContainerName,
    from: Origin<'_>,
    path: &Path,
    options: CopyOptions,
) -> Result<u64, CopyError> {
    let _ = (layout, name, path, options);
    match from {
        Origin::Path(_) | Origin::Archive(_) => todo!("lands within the hour"),
    }
}
