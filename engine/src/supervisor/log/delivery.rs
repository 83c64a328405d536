//! Log lines on their way to a server. It never makes the container wait: what cannot be sent now waits
//! in memory, up to a bound, and then the oldest goes.

use super::{LogError, Reach};
use crate::host_name;
use crate::supervisor::step::Stream;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, SockaddrStorage, UnixAddr, connect, send, socket,
};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

/// What waits at most, as much as Docker's non-blocking mode holds.
const MOST_WAITING: usize = 1 << 20;
/// The time between two attempts to reach a server.
const AGAIN: Duration = Duration::from_secs(1);

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A socket of this machine that takes single messages, or a stream of them.
    Unix(PathBuf, Flow),
    /// A server by name and port.
    Network(String, u16, Flow),
}

/// How messages are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Each is a datagram.
    Datagrams,
    /// They follow each other.
    Stream,
}

/// Makes a message of a line without its end.
pub(super) type Encode = Box<dyn Fn(Stream, &[u8], SystemTime) -> Vec<u8>>;

/// A server, and how a line becomes a message to it.
pub(super) struct Destination {
    pub(super) address: Address,
    pub(super) encode: Encode,
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// Messages to a server.
#[derive(Debug)]
pub(super) struct Delivery {
    destination: Destination,
    socket: Option<OwnedFd>,
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    again: Option<Instant>,
}

impl Delivery {
    /// Connects.
    pub(super) fn begin(destination: Destination, reach: Reach) -> Result<Self, LogError> {
        let socket = match destination.address.reach() {
            Err(source) if reach == Reach::Now => {
                return Err(LogError::Connect { address: destination.address.to_string(), source });
            }
            reached => reached.ok(),
        };
        let again = socket.is_none().then(Instant::now);
        Ok(Self { destination, socket, waiting: VecDeque::new(), bytes: 0, again })
    }

    /// Sends one line, or keeps it for later.
    pub(super) fn push(&mut self, stream: Stream, text: &[u8], now: SystemTime) {
        let message = (self.destination.encode)(stream, text.strip_suffix(b"\n").unwrap_or(text), now);
        self.bytes += message.len();
        self.waiting.push_back(message);
        while self.bytes > MOST_WAITING {
            self.drop_first();
        }
        self.flush(Instant::now());
    }

    fn drop_first(&mut self) {
        self.bytes -= self.waiting.pop_front().map_or(0, |message| message.len());
    }

    /// Sends as much as the server takes without waiting.
    pub(super) fn flush(&mut self, now: Instant) {
        if self.socket.is_none() && self.again.is_none_or(|again| again <= now) {
            self.socket = self.destination.address.connect().ok();
            self.again = Some(now + AGAIN);
        }
        while let (Some(socket), Some(message)) = (&self.socket, self.waiting.front_mut()) {
            match send(socket.as_raw_fd(), message, MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT) {
                Ok(sent) if sent < message.len() => {
                    message.drain(..sent);
                    self.bytes -= sent;
                }
                // A message that is too long for a datagram is the only one that is lost.
                Ok(_) | Err(Errno::EMSGSIZE) => self.drop_first(),
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::EINTR) => return,
                Err(_) => {
                    self.socket = None;
                    self.again = Some(now + AGAIN);
                }
            }
        }
    }

    /// The socket, if something waits for it.
    pub(super) fn waiting(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().filter(|_| !self.waiting.is_empty()).map(AsFd::as_fd)
    }

    /// When the next attempt to reach the server is due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.again.filter(|_| self.socket.is_none() && !self.waiting.is_empty())
    }
}

impl Address {
    fn flow(&self) -> Flow {
        match self {
            Self::Unix(_, flow) | Self::Network(_, _, flow) => *flow,
        }
    }

    /// Connects, and waits until it is known whether that worked.
    fn reach(&self) -> io::Result<OwnedFd> {
        self.open(SockFlag::SOCK_CLOEXEC)
    }

    /// Connects without waiting: sending tells whether it worked.
    fn connect(&self) -> io::Result<OwnedFd> {
        self.open(SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK)
    }

    fn open(&self, flags: SockFlag) -> io::Result<OwnedFd> {
        let kind = if self.flow() == Flow::Datagrams { SockType::Datagram } else { SockType::Stream };
        let open = |family| socket(family, kind, flags, None);
        let (opened, connected) = match self {
            Self::Unix(path, _) => {
                let opened = open(AddressFamily::Unix)?;
                let connected = connect(opened.as_raw_fd(), &UnixAddr::new(path)?);
                (opened, connected)
            }
            Self::Network(host, port, _) => {
                let address = SocketAddr::new(host_name::resolve(host)?, *port);
                let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
                let opened = open(family)?;
                let connected = connect(opened.as_raw_fd(), &SockaddrStorage::from(address));
                (opened, connected)
            }
        };
        match connected {
            Ok(()) | Err(Errno::EINPROGRESS) => Ok(opened),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.flow()) {
            (Self::Unix(path, Flow::Datagrams), _) => write!(f, "unixgram://{}", path.display()),
            (Self::Unix(path, Flow::Stream), _) => write!(f, "unix://{}", path.display()),
            (Self::Network(host, port, _), Flow::Datagrams) => write!(f, "udp://{host}:{port}"),
            (Self::Network(host, port, _), Flow::Stream) => write!(f, "tcp://{host}:{port}"),
        }
    }
}
