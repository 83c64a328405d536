//! One question to one server, from a socket of its own: the kernel picks a fresh source port and
//! drops what does not come from the server.

use super::DATAGRAM_BYTES;
use super::stream::Stream;
use crate::sys;
use dns::Transport;
use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, connect, socket};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// A socket that waits for a reply.
#[derive(Debug)]
pub(super) enum Upstream {
    Datagram(UdpSocket),
    Connection(Stream),
}

impl Upstream {
    /// Asks `server`; over TCP the connection is made on the way.
    pub(super) fn ask(
        server: SocketAddr,
        transport: Transport,
        message: &[u8],
        inside: Option<&Namespaces>,
    ) -> io::Result<Self> {
        let open = |kind| match inside {
            Some(namespaces) => namespaces.inside(|| open(server, kind)),
            None => open(server, kind),
        };
        match transport {
            Transport::Udp => {
                let socket = UdpSocket::from(open(SockType::Datagram)?);
                socket.send(message)?;
                Ok(Self::Datagram(socket))
            }
            Transport::Tcp => {
                let mut stream = Stream::new(TcpStream::from(open(SockType::Stream)?));
                stream.send(message)?;
                Ok(Self::Connection(stream))
            }
        }
    }

    pub(super) fn is(&self, fd: RawFd) -> bool {
        match self {
            Self::Datagram(socket) => socket.as_raw_fd() == fd,
            Self::Connection(stream) => stream.is(fd),
        }
    }

    pub(super) fn interest(&self) -> (BorrowedFd<'_>, PollFlags) {
        match self {
            Self::Datagram(socket) => (socket.as_fd(), PollFlags::POLLIN),
            Self::Connection(stream) => stream.interest(),
        }
    }

    /// The reply, if it has come.
    pub(super) fn drive(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Datagram(socket) => {
                let mut buffer = vec![0; DATAGRAM_BYTES];
                match socket.recv(&mut buffer) {
                    Ok(length) => {
                        buffer.truncate(length);
                        Ok(Some(buffer))
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
                    Err(error) => Err(error),
                }
            }
            Self::Connection(stream) => Ok(stream.drive()?.into_iter().next()),
        }
    }
}

/// The network namespaces of the container and of this process.
#[derive(Debug)]
pub(super) struct Namespaces {
    container: OwnedFd,
    own: File,
}

impl Namespaces {
    /// The container's is that of its socket.
    pub(super) fn of(socket: &UdpSocket) -> io::Result<Self> {
        let container = sys::socket_namespace(socket.as_fd())?;
        Ok(Self { container, own: File::open("/proc/thread-self/ns/net")? })
    }

    /// Does something in the container's. The process has one thread, so nobody sees it there.
    fn inside<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        setns(&self.container, CloneFlags::CLONE_NEWNET)?;
        let done = work();
        setns(&self.own, CloneFlags::CLONE_NEWNET)?;
        done
    }
}

/// A connected, non-blocking socket. The standard library would wait for a TCP connection.
fn open(server: SocketAddr, kind: SockType) -> io::Result<OwnedFd> {
    let family = match server {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let socket = socket(family, kind, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, None)?;
    match connect(socket.as_raw_fd(), &SockaddrStorage::from(server)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(socket),
        Err(errno) => Err(errno.into()),
    }
}
