//! The build context: a folder of the host, read where it lies, behind its ignore file.

use super::contexts::read_inside;
use super::ignore::{Ignore, IgnoreError};
use super::remote::{DownloadError, GitError};
use super::view::ViewError;
use crate::build::files::archive::ArchiveError;
use crate::image::StoreError;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The context cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// Its folder could not be opened.
    #[error("cannot open the build context")]
    Open(#[from] ViewError),
    /// It is an image.
    #[error("the build context is an image: name it in `additional_contexts` and use it by that name")]
    NoTree,
    /// A repository or archive lacks a folder.
    #[error("there is no folder `{folder}` in the build context")]
    NoFolder {
        /// Which.
        folder: String,
    },
    /// It is a repository that could not be checked out.
    #[error(transparent)]
    Git(#[from] GitError),
    /// It could not be downloaded.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// It is an archive that could not be unpacked.
    #[error("cannot unpack {}", path.display())]
    Archive {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// There is no place to unpack it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its ignore file could not be read.
    #[error("cannot read {}", path.display())]
    ReadIgnore {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its ignore file has a line that is no pattern.
    #[error("cannot use {}", path.display())]
    Ignore {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: IgnoreError,
    },
}

/// What a build of the folder `context` does not see: the patterns of `<Dockerfile>.dockerignore` beside
/// the Dockerfile, else of `.dockerignore` in the context.
///
/// # Errors
/// A file that is there but cannot be read, or a line that is no pattern.
pub fn ignore_of(context: &Path, dockerfile: Option<&Path>) -> Result<Ignore, ContextError> {
    read_ignore(context, dockerfile).map(|(ignore, _)| ignore)
}

/// As [`ignore_of`], with the file's text.
pub(in crate::build) fn read_ignore(
    context: &Path,
    dockerfile: Option<&Path>,
) -> Result<(Ignore, String), ContextError> {
    let own = dockerfile.map(|path| {
        let mut path = path.as_os_str().to_owned();
        path.push(".dockerignore");
        PathBuf::from(path)
    });
    if let Some(path) = own {
        match fs::read_to_string(&path) {
            Ok(text) => return parsed(path, text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ContextError::ReadIgnore { path, source }),
        }
    }
    match read_inside(context, Path::new(".dockerignore"))? {
        Some(text) => parsed(context.join(".dockerignore"), text),
        None => Ok((Ignore::default(), String::new())),
    }
}

fn parsed(path: PathBuf, text: String) -> Result<(Ignore, String), ContextError> {
    match Ignore::parse(&text) {
        Ok(ignore) => Ok((ignore, text)),
        Err(source) => Err(ContextError::Ignore { path, source }),
    }
}
