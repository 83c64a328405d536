//! What a task receives from the network, as a reader for a thread that blocks.

use std::io::{self, Read};
use tokio::sync::mpsc;

/// Chunks under way at once: few, so that memory is bounded. A slow disk slows the network down.
const UNDER_WAY: usize = 16;
/// The most bytes of one.
pub(super) const CHUNK: usize = 64 << 10;

/// The receiving end.
pub(super) struct Chunks {
    receiver: mpsc::Receiver<io::Result<Vec<u8>>>,
    current: io::Cursor<Vec<u8>>,
}

/// Where chunks are sent to, and where they are read.
pub(super) fn chunks() -> (mpsc::Sender<io::Result<Vec<u8>>>, Chunks) {
    let (sender, receiver) = mpsc::channel(UNDER_WAY);
    (sender, Chunks { receiver, current: io::Cursor::default() })
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.receiver.blocking_recv() {
                Some(chunk) => self.current = io::Cursor::new(chunk?),
                None => return Ok(0),
            }
        }
    }
}
