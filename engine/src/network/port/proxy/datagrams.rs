//! Datagrams that are passed on: one socket per client, so that answers find back.

use nix::poll::PollFlags;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

/// Clients at a time; one more is served when another has been silent.
const CLIENTS: usize = 100;
/// How long an answer may take: as long as the kernel keeps a flow that was answered.
const SILENCE: Duration = Duration::from_secs(120);
/// Datagrams taken from one socket before others get their turn.
const BURST: usize = 64;
const DATAGRAM_BYTES: usize = 65_535;

/// One published port.
#[derive(Debug)]
pub(super) struct Datagrams {
    socket: UdpSocket,
    server: SocketAddr,
    clients: BTreeMap<SocketAddr, Client>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Client {
    to_server: UdpSocket,
    silent_at: Instant,
}

impl Datagrams {
    /// Takes a non-blocking socket.
    pub(super) fn new(socket: UdpSocket, server: SocketAddr) -> Self {
        Self { socket, server, clients: BTreeMap::new(), buffer: vec![0; DATAGRAM_BYTES] }
    }

    pub(super) fn interest(&self, is_draining: bool) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let own = (!is_draining).then(|| self.socket.as_fd());
        let clients = self.clients.values().map(|client| client.to_server.as_fd());
        own.into_iter().chain(clients).map(|fd| (fd, PollFlags::POLLIN)).collect()
    }

    /// Handles a descriptor that poll reported. A datagram that cannot be passed on is lost, as
    /// datagrams may be.
    pub(super) fn ready(&mut self, fd: RawFd, now: Instant) {
        if self.socket.as_raw_fd() == fd {
            for _ in 0..BURST {
                let Ok((length, address)) = self.socket.recv_from(&mut self.buffer) else { return };
                if let Some(client) = client_at(&mut self.clients, address, self.server, now) {
                    let _ = client.to_server.send(&self.buffer[..length]);
                }
            }
        }
        let answered = self.clients.iter_mut().find(|(_, client)| client.to_server.as_raw_fd() == fd);
        if let Some((address, client)) = answered {
            for _ in 0..BURST {
                let Ok(length) = client.to_server.recv(&mut self.buffer) else { return };
                client.silent_at = now + SILENCE;
                let _ = self.socket.send_to(&self.buffer[..length], address);
            }
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.clients.values().map(|client| client.silent_at).min()
    }

    pub(super) fn expire(&mut self, now: Instant) {
        self.clients.retain(|_, client| client.silent_at > now);
    }
}

/// The client of an address, a new one where there is room.
fn client_at(
    clients: &mut BTreeMap<SocketAddr, Client>,
    address: SocketAddr,
    server: SocketAddr,
    now: Instant,
) -> Option<&mut Client> {
    if !clients.contains_key(&address) {
        let to_server = (clients.len() < CLIENTS).then(|| call(server))?.ok()?;
        clients.insert(address, Client { to_server, silent_at: now });
    }
    let client = clients.get_mut(&address)?;
    client.silent_at = now + SILENCE;
    Some(client)
}

fn call(server: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match server {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?,
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?,
    };
    socket.set_nonblocking(true)?;
    socket.connect(server)?;
    Ok(socket)
}
