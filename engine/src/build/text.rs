//! Finding and reading the Dockerfile.

use super::dockerfile::Source;
use super::error::BuildError;
use crate::build::input::contexts::Contexts;
use engine_spec::{BuildSpec, ContextSource, DockerfileSource};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a Dockerfile given in the Compose file is called in messages.
const INLINE: &str = "dockerfile_inline";
/// The default name, and what is tried where that file is missing.
const NAMES: (&str, &str) = ("Dockerfile", "dockerfile");

/// Reads the Dockerfile; its path is `None` if it does not lie on the host by itself.
pub(super) fn read(
    spec: &BuildSpec,
    contexts: &Contexts<'_>,
) -> Result<(Option<PathBuf>, Source), BuildError> {
    match (&spec.dockerfile, &spec.context) {
        (DockerfileSource::Inline(text), _) => Ok((None, Source::new(INLINE, text))),
        (DockerfileSource::File(path), ContextSource::Folder(context)) => on_host(path, context),
        (DockerfileSource::File(path), _) if path.is_absolute() => on_host(path, Path::new("/")),
        (DockerfileSource::File(path), _) => in_context(path, contexts),
    }
}

fn on_host(path: &Path, context: &Path) -> Result<(Option<PathBuf>, Source), BuildError> {
    let path = context.join(path);
    let (path, text) = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.ends_with(NAMES.0) => {
            let other = path.with_file_name(NAMES.1);
            let text = fs::read_to_string(&other).map_err(|_| error);
            (if text.is_ok() { other } else { path }, text)
        }
        text => (path, text),
    };
    match text {
        Ok(text) => {
            let source = Source::new(display_name(&path, context), &text);
            Ok((Some(path), source))
        }
        Err(source) => Err(BuildError::ReadDockerfile { path, source }),
    }
}

/// From a context that came from elsewhere and must not lead to files of the host.
fn in_context(path: &Path, contexts: &Contexts<'_>) -> Result<(Option<PathBuf>, Source), BuildError> {
    let mut text = contexts.read(path)?;
    if text.is_none() && path.ends_with(NAMES.0) {
        text = contexts.read(&path.with_file_name(NAMES.1))?;
    }
    let missing = || BuildError::ReadDockerfile {
        path: path.to_owned(),
        source: io::Error::from(io::ErrorKind::NotFound),
    };
    Ok((None, Source::new(path.display().to_string(), &text.ok_or_else(missing)?)))
}

/// The path below the context, as the user wrote it, or all of it.
fn display_name(path: &Path, context: &Path) -> String {
    path.strip_prefix(context).unwrap_or(path).display().to_string()
}
