//! Finding and reading the Dockerfile.

use super::contexts::Contexts;
use super::dockerfile::Source;
use super::error::BuildError;
use engine_spec::{BuildSpec, DockerfileSource};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a Dockerfile given in the Compose file is called in messages.
const INLINE: &str = "dockerfile_inline";
/// The default name, and what is tried where that file is missing.
const NAMES: (&str, &str) = ("Dockerfile", "dockerfile");

/// Reads the Dockerfile; its path is `None` if it is given inline.
pub(super) fn read(
    spec: &BuildSpec,
    contexts: &Contexts<'_>,
) -> Result<(Option<PathBuf>, Source), BuildError> {
    let _ = contexts;
    let folder = spec.context.folder().unwrap_or(Path::new("."));
    let path = match &spec.dockerfile {
        DockerfileSource::Inline(text) => return Ok((None, Source::new(INLINE, text))),
        DockerfileSource::File(path) => folder.join(path),
    };
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
            let source = Source::new(display_name(&path, folder), &text);
            Ok((Some(path), source))
        }
        Err(source) => Err(BuildError::ReadDockerfile { path, source }),
    }
}

/// The path below the context, as the user wrote it, or all of it.
fn display_name(path: &Path, context: &Path) -> String {
    path.strip_prefix(context).unwrap_or(path).display().to_string()
}
