//! The build context: a folder of the host, read where it lies, behind its ignore file.

use super::ignore::{Ignore, IgnoreError};
use super::view::ViewError;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The context cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// Its folder could not be opened.
    #[error("cannot open the build context")]
    Open(#[from] ViewError),
    /// It is no tree of files.
    #[error("cannot read files from {place}")]
    NoTree {
        /// What it is.
        place: String,
    },
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
pub(super) fn read_ignore(
    context: &Path,
    dockerfile: Option<&Path>,
) -> Result<(Ignore, String), ContextError> {
    let own = dockerfile.map(|path| {
        let mut path = path.as_os_str().to_owned();
        path.push(".dockerignore");
        PathBuf::from(path)
    });
    for path in own.into_iter().chain([context.join(".dockerignore")]) {
        match fs::read_to_string(&path) {
            Ok(text) => {
                let parsed = Ignore::parse(&text);
                let ignore = parsed.map_err(|source| ContextError::Ignore { path, source })?;
                return Ok((ignore, text));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ContextError::ReadIgnore { path, source }),
        }
    }
    Ok((Ignore::default(), String::new()))
}
