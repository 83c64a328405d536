//! A folder that strangers have filled: files are opened inside it and nowhere else.

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

/// Manifests and configurations are kilobytes.
const LARGEST_DOCUMENT: u64 = 8 << 20;

/// The folder of an archive's files.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens the folder.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(File::open(path)?.into()))
    }

    /// Opens a regular file; links are followed, but only within (old archives link `layer.tar`).
    pub(super) fn file(&self, path: &str) -> io::Result<(File, u64)> {
        let resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        // A pipe would be waited for; it is opened, seen and refused.
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = File::from(openat2(&self.0, path, OpenHow::new().flags(flags).resolve(resolve))?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        Ok((file, metadata.len()))
    }

    /// A document; `None` if there is no such file.
    pub(super) fn document(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let (file, size) = match self.file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        if size > LARGEST_DOCUMENT {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is larger than any document of an image",
            ));
        }
        let mut text = Vec::new();
        file.take(LARGEST_DOCUMENT).read_to_end(&mut text)?;
        Ok(Some(text))
    }
}
