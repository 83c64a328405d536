//! DNS over TCP: messages with their length in front (RFC 1035 section 4.2.2), without blocking.

use nix::poll::PollFlags;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

const LENGTH_BYTES: usize = 2;
/// What may wait to be read by the other side before it is given up.
const BACKLOG_BYTES: usize = 256 * 1024;

/// One end of a connection.
#[derive(Debug)]
pub(super) struct Stream {
    socket: TcpStream,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

impl Stream {
    /// Takes a non-blocking socket.
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, incoming: Vec::new(), outgoing: Vec::new() }
    }

    pub(super) fn is(&self, fd: RawFd) -> bool {
        self.socket.as_raw_fd() == fd
    }

    pub(super) fn interest(&self) -> (BorrowedFd<'_>, PollFlags) {
        let write = if self.outgoing.is_empty() { PollFlags::empty() } else { PollFlags::POLLOUT };
        (self.socket.as_fd(), PollFlags::POLLIN | write)
    }

    /// Queues a message, and sends as much as the kernel takes.
    pub(super) fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len()).map_err(|_| ErrorKind::InvalidInput)?;
        if self.outgoing.len() > BACKLOG_BYTES {
            return Err(ErrorKind::WriteZero.into());
        }
        self.outgoing.extend(length.to_be_bytes());
        self.outgoing.extend(message);
        self.flush()
    }

    /// Sends and receives what can be; returns the messages that are complete.
    pub(super) fn drive(&mut self) -> io::Result<Vec<Vec<u8>>> {
        self.flush()?;
        let mut chunk = [0; 4096];
        match self.socket.read(&mut chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => self.incoming.extend(&chunk[..length]),
            Err(error) if is_not_yet(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(std::iter::from_fn(|| split_message(&mut self.incoming)).collect())
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.outgoing.is_empty() {
            match self.socket.write(&self.outgoing) {
                Ok(written) => drop(self.outgoing.drain(..written)),
                Err(error) if is_not_yet(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Also while the connection is being made.
fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::NotConnected)
}

/// Takes a whole message from the front.
fn split_message(incoming: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes(*incoming.first_chunk()?));
    let message = incoming.get(LENGTH_BYTES..LENGTH_BYTES + length)?.to_vec();
    incoming.drain(..LENGTH_BYTES + length);
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_split_only_when_whole() {
        let mut incoming = b"\0\x03abc\0\x00\0\x05de".to_vec();
        assert_eq!(split_message(&mut incoming).as_deref(), Some(&b"abc"[..]));
        assert_eq!(split_message(&mut incoming).as_deref(), Some(&b""[..]));
        assert_eq!(split_message(&mut incoming), None);
        assert_eq!(incoming, b"\0\x05de");
    }
}
