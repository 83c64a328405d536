//! From compressed bytes to a tree: decompression in one thread, hashing and writing in another.

use super::extract::{Extracted, extract};
use super::{Borrowed, ExtractError, Hasher, HashingReader, Layer, Limits, decompress};
use engine_spec::Digest;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
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
    let (used, unused) = sync_channel(BLOCKS);
    let (compressed, out) = (&mut archive, Out { sender, unused });
    let unpacked = thread::scope(|scope| {
        scope.spawn(move || decode(compressed, &out, limits));
        extract_hashed(Blocks { receiver, used, current: io::Cursor::default() }, tree, hasher, limits)
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

/// The decoding thread's end. Memory that has been read comes back, so that none is asked for anew.
struct Out {
    sender: SyncSender<Block>,
    unused: Receiver<Vec<u8>>,
}

/// Sends what `compressed` holds, then reads it to its end: what follows belongs to its digest.
fn decode(compressed: &mut (impl Read + Send), out: &Out, limits: Limits) {
    let taken = AtomicU64::new(0);
    let counted = Counted { reader: &mut *compressed, count: &taken };
    let decoded = decompress(counted).and_then(|stream| send_blocks(stream, out, &taken, limits));
    let drained = decoded.and_then(|()| io::copy(compressed, &mut io::sink()));
    if let Err(error) = drained {
        // Nobody receives any more if it was the other side that gave up.
        let _ = out.sender.send(Err(error));
    }
}

fn send_blocks(mut stream: impl Read, out: &Out, taken: &AtomicU64, limits: Limits) -> io::Result<()> {
    let mut total = 0;
    loop {
        let mut block = out.unused.try_recv().unwrap_or_else(|_| Vec::with_capacity(BLOCK));
        block.clear();
        total += stream.by_ref().take(BLOCK as u64).read_to_end(&mut block)? as u64;
        let checked = limits.check(0, total).and_then(|()| limits.check_ratio(taken.load(Relaxed), total));
        checked.map_err(|bomb| io::Error::new(io::ErrorKind::FileTooLarge, bomb))?;
        if block.is_empty() {
            return Ok(());
        }
        out.sender.send(Ok(block)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
    }
}

/// Counts what is read through it.
struct Counted<'a, R> {
    reader: R,
    count: &'a AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.count.fetch_add(count as u64, Relaxed);
        Ok(count)
    }
}

/// The receiving end, as a reader.
struct Blocks {
    receiver: Receiver<Block>,
    used: SyncSender<Vec<u8>>,
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
                Ok(block) => {
                    let read = std::mem::replace(&mut self.current, io::Cursor::new(block?));
                    // There is no use for more of them than can be under way.
                    let _ = self.used.try_send(read.into_inner());
                }
                Err(_) => return Ok(0), // the sender is done
            }
        }
    }
}
