//! The host's file system, as the Compose loader may see it.

use compose::Files;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Reads real files; `-` is standard input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostFiles;

impl Files for HostFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == Path::new("-") {
            let mut text = Vec::new();
            io::stdin().lock().read_to_end(&mut text)?;
            return Ok(text);
        }
        std::fs::read(path)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn is_file(&self, path: &Path) -> bool {
        // Not only regular files: `<(…)` is a pipe.
        std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_dir())
    }

    fn real_path(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}
