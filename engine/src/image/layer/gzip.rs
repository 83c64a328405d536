//! Gzip by all processors: one member whose deflate blocks are made side by side.
//!
//! ```text
//! bytes -> pieces of 512 KiB ──> workers: deflate each on its own ──> in their order -> sink
//! ```
//! Each piece ends with a sync flush (RFC 1951, section 3.2.4), so that pieces can be put one after the
//! other. What a piece becomes depends on nothing but its bytes: the same archive gives the same blob on
//! every host. A piece that will not shrink is stored, since most of the large files of images are
//! compressed already and searching them costs more time than everything else.

use flate2::{Compress, Compression, Crc, FlushCompress};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Between the speed of level 1 and the size of level 6, which Docker takes.
const LEVEL: u32 = 4;
/// Large, so that what a piece cannot know of the one before costs nothing to speak of.
const PIECE: usize = 512 << 10;
/// More workers would only wait for the thread that hashes.
const MOST_WORKERS: usize = 8;
/// RFC 1952: no name, no time, written on Unix.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
/// For the ends of blocks, beside the bytes.
const LEAST_ROOM: usize = 64;
/// An empty last block.
const LAST_BLOCK: [u8; 2] = [3, 0];
/// Of eight bits in a byte; text has five, programs six, what is compressed almost all of them.
const INCOMPRESSIBLE: f64 = 7.95;

/// A piece and what becomes of it. Its memory is used again and again.
#[derive(Debug, Default)]
struct Work {
    piece: Vec<u8>,
    deflated: Vec<u8>,
}

/// Work on its way to a worker, and where it goes when it is done.
type Task = (Work, SyncSender<Work>);

/// Compresses what is written to it; [`Self::finish`] makes it whole.
#[derive(Debug)]
pub(crate) struct GzipWriter<W> {
    sink: W,
    /// The piece that is being filled.
    work: Work,
    checksum: Crc,
    /// What was handed over, in its order.
    pending: VecDeque<Receiver<Work>>,
    spare: Vec<Work>,
    most_pending: usize,
    workers: Workers,
}

impl<W: Write> GzipWriter<W> {
    /// Begins a gzip file, with one worker for each processor.
    pub(crate) fn new(mut sink: W) -> io::Result<Self> {
        sink.write_all(&HEADER)?;
        let count = thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
        Ok(Self {
            sink,
            work: Work::default(),
            checksum: Crc::new(),
            pending: VecDeque::new(),
            spare: Vec::new(),
            most_pending: 2 * count,
            workers: Workers::start(count),
        })
    }

    /// Writes what is still under way and the file's end; returns the sink.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.hand_over()?;
        while !self.pending.is_empty() {
            self.take_one()?;
        }
        self.sink.write_all(&LAST_BLOCK)?;
        self.sink.write_all(&self.checksum.sum().to_le_bytes())?;
        self.sink.write_all(&self.checksum.amount().to_le_bytes())?;
        Ok(self.sink)
    }

    /// Gives the piece to a worker; where enough is under way, waits for the oldest one first.
    fn hand_over(&mut self) -> io::Result<()> {
        if self.work.piece.is_empty() {
            return Ok(());
        }
        if self.pending.len() == self.most_pending {
            self.take_one()?;
        }
        let work = std::mem::replace(&mut self.work, self.spare.pop().unwrap_or_default());
        let (outcome, pending) = sync_channel(1);
        self.workers.take((work, outcome))?;
        self.pending.push_back(pending);
        Ok(())
    }

    fn take_one(&mut self) -> io::Result<()> {
        let Some(oldest) = self.pending.pop_front() else { return Ok(()) };
        let mut work = oldest.recv().map_err(|_| dead_worker())?;
        self.sink.write_all(&work.deflated)?;
        work.piece.clear();
        self.spare.push(work);
        Ok(())
    }
}

impl<W: Write> Write for GzipWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &mut self.work.piece;
        let taken = bytes.len().min(PIECE - piece.len());
        self.checksum.update(&bytes[..taken]);
        piece.extend_from_slice(&bytes[..taken]);
        if piece.len() == PIECE {
            self.hand_over()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// The threads that deflate; dropping them waits for what they have at hand.
#[derive(Debug)]
struct Workers {
    tasks: Option<Sender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    fn start(count: usize) -> Self {
        let (tasks, taken) = channel();
        let taken = Arc::new(Mutex::new(taken));
        let start = |_| {
            let taken = Arc::clone(&taken);
            thread::spawn(move || work(&taken))
        };
        Self { tasks: Some(tasks), threads: (0..count).map(start).collect() }
    }

    fn take(&self, task: Task) -> io::Result<()> {
        let taken = self.tasks.as_ref().map(|tasks| tasks.send(task));
        taken.and_then(Result::ok).ok_or_else(dead_worker)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        drop(self.tasks.take());
        for thread in self.threads.drain(..) {
            // One that panicked has left its outcome undone, which its reader has told.
            let _ = thread.join();
        }
    }
}

/// A worker's life: it ends when no more tasks can come.
fn work(tasks: &Mutex<Receiver<Task>>) {
    loop {
        let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((mut work, outcome)) = task else { return };
        deflate(&mut work);
        // Nobody waits any more if the sink has failed.
        let _ = outcome.send(work);
    }
}

fn deflate(Work { piece, deflated }: &mut Work) {
    let level = if entropy(piece) > INCOMPRESSIBLE { Compression::none() } else { Compression::new(LEVEL) };
    let mut compress = Compress::new(level, false);
    deflated.clear();
    loop {
        deflated.reserve(piece.len() / 2 + LEAST_ROOM);
        let read = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        compress
            .compress_vec(&piece[read..], deflated, FlushCompress::Sync)
            .expect("deflating from memory to memory does not fail");
        // Room that is left says that the flush is complete (zlib manual, `deflate`).
        if deflated.len() < deflated.capacity() {
            return;
        }
    }
}

/// Bits that a byte of `piece` carries if each stands alone.
fn entropy(piece: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in piece {
        counts[usize::from(*byte)] += 1;
    }
    let total = piece.len() as f64;
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / total);
    -shares.map(|share| share * share.log2()).sum::<f64>()
}

fn dead_worker() -> io::Error {
    io::Error::other("a thread that compresses has died")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut writer = GzipWriter::new(Vec::new()).expect("begun");
        writer.write_all(bytes).expect("written");
        writer.finish().expect("finished")
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn every_decoder_reads_it_as_one_member() {
        let text: Vec<u8> = (0..400_000_u32).flat_map(|number| number.to_string().into_bytes()).collect();
        for bytes in [Vec::new(), b"x".to_vec(), text[..PIECE].to_vec(), text, noise(3 * PIECE / 2)] {
            let mut back = Vec::new();
            let compressed = gzip(&bytes);
            // Not the decoder of several members.
            flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut back).expect("decoded");
            assert!(back == bytes, "{} bytes", bytes.len());
            assert_eq!(gzip(&bytes), compressed, "the same each time");
        }
    }

    #[test]
    fn noise_is_stored_and_text_shrinks() {
        let length = 2 * PIECE;
        let stored = gzip(&noise(length)).len();
        assert!(stored > length && stored < length + length / 500, "{stored}");
        let text: Vec<u8> = b"some text ".iter().copied().cycle().take(length).collect();
        assert!(gzip(&text).len() < length / 50);
    }

    #[test]
    fn a_sink_that_fails_is_the_writers_failure() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if bytes.len() == HEADER.len() {
                    Ok(bytes.len())
                } else {
                    Err(io::ErrorKind::StorageFull.into())
                }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writer = GzipWriter::new(Full).expect("begun");
        let written = writer.write_all(&noise(40 * PIECE)).and_then(|()| writer.finish().map(drop));
        assert_eq!(written.expect_err("full").kind(), io::ErrorKind::StorageFull);
    }
}
