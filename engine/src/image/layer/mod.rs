//! Layers between their two forms: an archive that travels, a tree that overlayfs mounts.
//!
//! ```text
//! unpack: bytes -> decompress -> hash -> tar::read -> extract    into an empty folder
//! borrow: hard links into the layers below, once those are there
//! commit: walk of the folder -> tar::write -> hash [-> bytes]
//! ```
//! Archives are hostile input. Nothing here knows where layers lie; [`super::Store`] does.

mod borrow;
mod commit;
mod compression;
mod digest;
mod extract;
mod gzip;
mod limits;
mod merge;
mod metadata;
mod root;
mod tar;
pub(crate) mod tree;
mod unpack;
mod whiteout;

pub(crate) use borrow::{Borrowed, lend};
pub(crate) use commit::write_without;
pub use commit::{CommitError, digest, write};
pub(crate) use compression::decompress;
pub(crate) use digest::{Hasher, HashingReader, HashingWriter};
pub use extract::ExtractError;
pub(crate) use gzip::GzipWriter;
pub use limits::Limits;
pub(crate) use merge::{Removals, merge};
pub(crate) use tar::{Entry, Kind as EntryKind, TarError, TarReader, TarWriter, Time};
pub use unpack::{UnpackError, unpack_stranger};
pub(crate) use unpack::{Unpacked, unpack, unpack_alone, unpack_tree};

use engine_spec::Digest;

/// A layer of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The digest of its uncompressed archive, which is its name.
    pub diff_id: Digest,
    /// The size of that archive, in bytes.
    pub size: u64,
}

#[cfg(test)]
mod tests;
