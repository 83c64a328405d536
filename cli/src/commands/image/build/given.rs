//! What is built, as given: names, or content on stdin.

use crate::error::CommandError;
use std::fs::DirBuilder;
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf, absolute};

/// Stands for stdin.
const STDIN: &str = "-";
/// The first bytes of compressed archives: gzip, bzip2, xz, zstd.
const COMPRESSED: [&[u8]; 4] =
    [&[0x1f, 0x8b], b"BZh", &[0xfd, b'7', b'z', b'X', b'Z'], &[0x28, 0xb5, 0x2f, 0xfd]];
/// Where an archive without compression says so (tar(5)).
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

/// The context and the Dockerfile.
#[derive(Debug)]
pub(super) enum Given {
    /// A context by name, and perhaps a Dockerfile by name.
    Named { context: String, file: Option<PathBuf> },
    /// A context by name, and the Dockerfile's text.
    Text { context: String, text: String },
    /// A lone Dockerfile: the context is an empty folder.
    Lone { folder: Scratch, text: String },
    /// An archive, kept in a folder, and perhaps the name of the Dockerfile in it.
    Archive { folder: Scratch, file: Option<PathBuf> },
}

/// A folder that goes away again.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Given {
    /// Reads stdin if the context or the Dockerfile is there.
    pub(super) fn read(context: &str, file: Option<&Path>) -> Result<Self, CommandError> {
        let is_file_stdin = file.is_some_and(|file| file == Path::new(STDIN));
        if context != STDIN && !is_file_stdin {
            return Ok(Self::Named { context: context.to_owned(), file: file.map(Path::to_owned) });
        }
        let mut content = Vec::new();
        io::stdin().lock().read_to_end(&mut content).map_err(CommandError::Input)?;
        if context == STDIN && is_archive(&content) {
            let folder = Scratch::new()?;
            let path = folder.archive();
            let written = std::fs::write(&path, &content);
            written.map_err(|source| CommandError::File { attempt: "write", path, source })?;
            return Ok(Self::Archive { folder, file: file.map(Path::to_owned) });
        }
        let text = String::from_utf8_lossy(&content).into_owned();
        match context {
            STDIN => Ok(Self::Lone { folder: Scratch::new()?, text }),
            _ => Ok(Self::Text { context: context.to_owned(), text }),
        }
    }

    /// The context, as a build section names it.
    pub(super) fn context(&self) -> &str {
        match self {
            Self::Named { context, .. } | Self::Text { context, .. } => context,
            Self::Lone { folder, .. } | Self::Archive { folder, .. } => folder.0.to_str().unwrap_or_default(),
        }
    }

    /// The key of a build section that says where the Dockerfile is, and its value.
    pub(super) fn dockerfile(&self) -> Result<Option<(&'static str, String)>, CommandError> {
        let path = |path: &Path| ("dockerfile", path.to_string_lossy().into_owned());
        Ok(match self {
            Self::Text { text, .. } | Self::Lone { text, .. } => Some(("dockerfile_inline", text.clone())),
            Self::Archive { file, .. } => file.as_deref().map(path),
            Self::Named { file: None, .. } => None,
            // In a repository the file is looked for there, else in the current folder.
            Self::Named { context, file: Some(file) } if context.contains("://") => Some(path(file)),
            Self::Named { file: Some(file), .. } => {
                Some(path(&absolute(file).map_err(CommandError::CurrentFolder)?))
            }
        })
    }

    /// The archive, if one was given.
    pub(super) fn archive(&self) -> Option<PathBuf> {
        match self {
            Self::Archive { folder, .. } => Some(folder.archive()),
            Self::Named { .. } | Self::Text { .. } | Self::Lone { .. } => None,
        }
    }
}

impl Scratch {
    fn new() -> Result<Self, CommandError> {
        let path = std::env::temp_dir().join(format!("lighter-context-{}", std::process::id()));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|source| CommandError::File { attempt: "make", path: path.clone(), source })?;
        Ok(Self(path))
    }

    fn archive(&self) -> PathBuf {
        self.0.join("context.tar")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, path = %self.0.display(), "a temporary folder stays");
        }
    }
}

fn is_archive(content: &[u8]) -> bool {
    COMPRESSED.iter().any(|magic| content.starts_with(magic)) || content.get(TAR_MAGIC) == Some(b"ustar")
}

#[cfg(test)]
mod tests {
    use super::is_archive;

    #[test]
    fn an_archive_is_told_by_its_content() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert!(is_archive(&tar) && is_archive(&[0x1f, 0x8b, 8]));
        assert!(!is_archive(b"FROM busybox\n") && !is_archive(b""));
    }
}
