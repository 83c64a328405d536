//! From compressed bytes to a tree: decompression in one thread, hashing and writing in another.

use super::extract::{Extracted, extract};
use super::{Borrowed, ExtractError, Hasher, HashingReader, Layer, Limits, decompress};
use engine_spec::Digest;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Blocks between the threads: few, so that memory is bounded; large, so that hand-overs are rare.
const BLOCKS: usize = 8;
const BLOCK: usize = 256 << 10;

/// An archive that did not become a layer.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It is not the layer it should be.
    #[error("the archive has the digest {found}")]
    DiffIdMismatch {
        /// What it is.
        found: Digest,
    },
    /// Its bytes could not be read or decompressed.
    #[error("cannot read or decompress the archive")]
    Read(#[source] io::Error),
    /// An entry was refused or could not be written.
    #[error("cannot unpack the archive")]
    Extract(#[from] ExtractError),
}

/// An archive that became a tree.
#[derive(Debug)]
pub(crate) struct Unpacked {
    /// What it was.
    pub(crate) layer: Layer,
    /// Hard links to files that it does not have: [`super::lend`] makes them.
    pub(crate) borrowed: Vec<Borrowed>,
    /// The folders that it has entries for; others are only on the way to something.
    pub(crate) folders: BTreeSet<PathBuf>,
}

/// Unpacks an archive into an empty folder and reads it to its very end.
///
/// Returns what it was, hashed by `hasher`, and the drained reader.
pub(crate) fn unpack<R: Read + Send>(
    mut archive: R,
    tree: &Path,
    hasher: Hasher,
    limits: Limits,
) -> Result<(Unpacked, R), UnpackError> {
    let (sender, receiver) = sync_channel(BLOCKS);
    let compressed = &mut archive;
    let unpacked = thread::scope(|scope| {
        scope.spawn(move || decode(compressed, &sender, limits));
        extract_hashed(Blocks { receiver, current: io::Cursor::default() }, tree, hasher, limits)
    })?;
    Ok((unpacked, archive))
}

/// Unpacks an archive that stands alone and whose digest nobody asks for.
pub(crate) fn unpack_tree<R: Read + Send>(archive: R, tree: &Path) -> Result<Unpacked, UnpackError> {
    unpack_alone(archive, tree, Limits::default())
}

/// The same within other limits.
pub(crate) fn unpack_alone<R: Read + Send>(
    archive: R,
    tree: &Path,
    limits: Limits,
) -> Result<Unpacked, UnpackError> {
    let (unpacked, _) = unpack(archive, tree, Hasher::new(), limits)?;
    match unpacked.borrowed.first() {
        Some(link) => Err(link.refuse().into()),
        None => Ok(unpacked),
    }
}

/// Unpacks whatever a stranger sends into an empty folder, within limits; for those who only want to see
/// what becomes of it.
///
/// # Errors
/// Says what was refused.
pub fn unpack_stranger(archive: &[u8], tree: &Path, limits: Limits) -> Result<(), UnpackError> {
    unpack_alone(archive, tree, limits).map(drop)
}

fn extract_hashed(
    blocks: Blocks,
    tree: &Path,
    hasher: Hasher,
    limits: Limits,
) -> Result<Unpacked, UnpackError> {
    let mut reader = HashingReader::new(blocks, hasher);
    let Extracted { borrowed, folders } = extract(&mut reader, tree, limits)?;
    // What follows the archive's end belongs to its digest.
    io::copy(&mut reader, &mut io::sink()).map_err(UnpackError::Read)?;
    let (diff_id, size, _) = reader.finish();
    Ok(Unpacked { layer: Layer { diff_id, size }, borrowed, folders })
}

type Block = io::Result<Vec<u8>>;

/// Sends what `compressed` holds, then reads it to its end: what follows belongs to its digest.
fn decode(compressed: &mut (impl Read + Send), sender: &SyncSender<Block>, limits: Limits) {
    let decoded = decompress(&mut *compressed).and_then(|stream| send_blocks(stream, sender, limits.bytes));
    let drained = decoded.and_then(|()| io::copy(compressed, &mut io::sink()));
    if let Err(error) = drained {
        // Nobody receives any more if it was the other side that gave up.
        let _ = sender.send(Err(error));
    }
}

fn send_blocks(mut stream: impl Read, sender: &SyncSender<Block>, limit: u64) -> io::Result<()> {
    let mut total = 0;
    loop {
        let mut block = Vec::with_capacity(BLOCK);
        total += stream.by_ref().take(BLOCK as u64).read_to_end(&mut block)? as u64;
        if total > limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, super::ExtractError::TooLarge(limit)));
        }
        if block.is_empty() {
            return Ok(());
        }
        sender.send(Ok(block)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
    }
}

/// The receiving end, as a reader.
struct Blocks {
    receiver: Receiver<Block>,
    current: io::Cursor<Vec<u8>>,
}

impl Read for Blocks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.receiver.recv() {
                Ok(block) => self.current = io::Cursor::new(block?),
                Err(_) => return Ok(0), // the sender is done
            }
        }
    }
}
