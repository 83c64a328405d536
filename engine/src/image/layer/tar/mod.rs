//! The tar format, as far as layers use it: ustar with PAX records, and GNU long names when reading.
//!
//! ```text
//! [x header | PAX records]  header 512 bytes | data, padded to 512   …   two blocks of zeros
//! ```
//! The `tar` crate gives the header's fields. The stream around it is read here, because lengths
//! must be bounded, sparse files keep their holes, and PAX values are bytes that may hold a newline (`security.capability` does),
//! which the crate's own reader takes for the end of the record.

mod pax;
mod read;
mod sparse;
mod write;

pub(crate) use read::{TarError, TarReader};
pub(crate) use write::TarWriter;

/// A tar block.
const BLOCK: usize = 512;

/// One thing in an archive; its data follow in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path as the archive spells it.
    pub(crate) path: Vec<u8>,
    /// What it is.
    pub(crate) kind: Kind,
    /// Permission bits, with set-id and sticky bits.
    pub(crate) mode: u32,
    /// Owner.
    pub(crate) uid: u64,
    /// Group.
    pub(crate) gid: u64,
    /// Last modification.
    pub(crate) modified: Time,
    /// Extended attributes.
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file of so many bytes.
    File(u64),
    /// A folder.
    Directory,
    /// A symbolic link with this text.
    Symlink(Vec<u8>),
    /// Another name of an entry before it.
    HardLink(Vec<u8>),
    /// A character device by its numbers.
    CharacterDevice(u32, u32),
    /// A block device by its numbers.
    BlockDevice(u32, u32),
    /// A named pipe.
    Fifo,
}

/// A point in time since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Time {
    /// Whole seconds, rounded down.
    pub(crate) seconds: i64,
    /// What is left.
    pub(crate) nanoseconds: u32,
}

/// The bytes that fill `size` up to whole blocks.
fn padding(size: u64) -> u64 {
    let block = BLOCK as u64;
    // No sum of sizes: a hostile one is at the end of the numbers.
    (block - size % block) % block
}
