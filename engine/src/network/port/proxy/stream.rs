//! One connection that is passed on: two sockets and what is on the way between them.

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, connect, socket};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// What may be on the way in one direction; more waits in the kernel, and so with the sender.
const ON_THE_WAY: usize = 64 << 10;

/// A client and the server it talks to.
#[derive(Debug)]
pub(super) struct Connection {
    client: TcpStream,
    server: TcpStream,
    to_server: Direction,
    to_client: Direction,
}

/// What goes one way.
#[derive(Debug, Default)]
struct Direction {
    bytes: Vec<u8>,
    /// Whether the sender has said its last.
    has_ended: bool,
    /// Whether the receiver was told so.
    is_shut: bool,
}

impl Connection {
    /// Calls the server; whether it answers shows when there is something to send or receive.
    pub(super) fn begin(client: TcpStream, server: SocketAddr) -> io::Result<Self> {
        client.set_nonblocking(true)?;
        let server = call(server)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        Ok(Self { client, server, to_server: Direction::default(), to_client: Direction::default() })
    }

    pub(super) fn has(&self, fd: RawFd) -> bool {
        self.client.as_raw_fd() == fd || self.server.as_raw_fd() == fd
    }

    pub(super) fn interest(&self) -> [(BorrowedFd<'_>, PollFlags); 2] {
        let flags = |from: &Direction, into: &Direction| {
            let read = if from.has_room() { PollFlags::POLLIN } else { PollFlags::empty() };
            let write = if into.bytes.is_empty() { PollFlags::empty() } else { PollFlags::POLLOUT };
            read | write
        };
        [
            (self.client.as_fd(), flags(&self.to_server, &self.to_client)),
            (self.server.as_fd(), flags(&self.to_client, &self.to_server)),
        ]
    }

    /// Moves what can be moved. Returns whether the connection is over.
    pub(super) fn drive(&mut self) -> bool {
        let forth = self.to_server.pass(&self.client, &self.server);
        let back = self.to_client.pass(&self.server, &self.client);
        forth.is_err() || back.is_err() || (self.to_server.is_shut && self.to_client.is_shut)
    }
}

impl Direction {
    fn has_room(&self) -> bool {
        !self.has_ended && self.bytes.len() < ON_THE_WAY
    }

    fn pass(&mut self, mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
        let mut chunk = [0; 16 << 10];
        while self.has_room() {
            match from.read(&mut chunk) {
                Ok(0) => self.has_ended = true,
                Ok(length) => self.bytes.extend(&chunk[..length]),
                Err(error) if is_not_yet(&error) => break,
                Err(error) => return Err(error),
            }
        }
        while !self.bytes.is_empty() {
            match to.write(&self.bytes) {
                Ok(written) => drop(self.bytes.drain(..written)),
                Err(error) if is_not_yet(&error) => break,
                Err(error) => return Err(error),
            }
        }
        if self.has_ended && self.bytes.is_empty() && !self.is_shut {
            self.is_shut = true;
            to.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }
}

/// Also while the connection is being made.
fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
        || error.raw_os_error() == Some(libc::ENOTCONN)
}

/// Begins to connect, and does not wait for it.
fn call(server: SocketAddr) -> io::Result<TcpStream> {
    let family = if server.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(family, SockType::Stream, flags, None)?;
    match connect(socket.as_raw_fd(), &SockaddrStorage::from(server)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(socket.into()),
        Err(errno) => Err(errno.into()),
    }
}
