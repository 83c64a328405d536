//! How much room folders take.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The bytes of all files below a folder; what cannot be read counts as nothing.
pub(crate) fn folder_bytes(folder: &Path) -> u64 {
    let mut folders = vec![folder.to_owned()];
    let mut bytes = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                // A file with several links is counted where it was met, in parts.
                Ok(metadata) => bytes += metadata.size() / metadata.nlink().max(1),
                Err(_) => {}
            }
        }
    }
    bytes
}
