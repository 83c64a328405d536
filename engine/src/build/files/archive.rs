//! Local archives that ADD unpacks: told by their content, unpacked by the image store's own reader.

use crate::image::layer::{UnpackError, decompress, unpack_tree};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

/// A tar archive's first header has its magic here (POSIX pax, `ustar`).
const TAR_MAGIC: (usize, &[u8]) = (257, b"ustar");
/// The size of a tar header.
const TAR_HEADER_BYTES: u64 = 512;
/// An archive could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file could not be read, or its place not be made.
    #[error("cannot read the archive")]
    Read(#[from] io::Error),
    /// It is damaged or hostile.
    #[error("cannot unpack the archive")]
    Unpack(#[from] UnpackError),
}

/// Unpacks `file` to the new folder `tree` if it is an archive.
///
/// Returns the folders that it has entries for; `None` if it is no archive.
pub(in crate::build) fn unpack_if_archive(
    mut file: File,
    tree: &Path,
) -> Result<Option<BTreeSet<PathBuf>>, ArchiveError> {
    if !is_archive(&mut file)? {
        return Ok(None);
    }
    file.rewind()?;
    fs::create_dir(tree)?;
    Ok(Some(unpack_tree(file, tree)?.folders))
}

fn is_archive(file: &mut File) -> Result<bool, ArchiveError> {
    // What cannot be decompressed is no archive but a file that happens to begin like one.
    let header = decompress(file).and_then(head).unwrap_or_default();
    let (offset, magic) = TAR_MAGIC;
    Ok(header.get(offset..).is_some_and(|rest| rest.starts_with(magic)))
}

fn head(stream: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    stream.take(TAR_HEADER_BYTES).read_to_end(&mut head)?;
    Ok(head)
}
