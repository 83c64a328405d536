//! The name server of one container, as part of its supervisor's poll loop. Never blocks.
//!
//! [`dns::Resolver`] decides; this moves its packets. The listening sockets are in the container's
//! network namespace, those that ask the servers in the host's or there, too ([`servers`]).
//!
//! ```text
//! container ── UDP, TCP on 127.0.0.11 ── Resolver ── one socket per question ── host's servers
//! ```

mod linger;
mod random;
mod servers;
mod stream;
mod upstream;

pub use servers::Servers;

use super::names::{Directory, NamesError};
use crate::state::Layout;
use dns::{Action, ExchangeId, Resolver, Surroundings, Transport};
use engine_spec::NetworkName;
use linger::Linger;
use nix::poll::PollFlags;
use random::Random;
use servers::HostFile;
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};
use stream::Stream;
use upstream::{Namespaces, Upstream};

const DNS_PORT: u16 = 53;
/// The largest datagram there is.
const DATAGRAM_BYTES: usize = 65_535;
/// Packets taken from one socket before others get their turn.
const BURST: usize = 64;
/// Connections a container may have open; the CVEs of aardvark-dns came of having no such limits.
const CONNECTIONS: usize = 16;
/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(5);

/// The name server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    /// The container's sockets are not the two that were opened for it.
    #[error("the name server needs a UDP and a TCP socket, not {count}")]
    Sockets {
        /// How many there were.
        count: usize,
    },
    /// A socket cannot be made non-blocking.
    #[error("cannot prepare the name server's sockets")]
    Prepare(#[source] io::Error),
    /// The names cannot be read.
    #[error(transparent)]
    Names(#[from] NamesError),
}

/// Where a container's name server looks.
#[derive(Debug)]
pub struct Searched {
    /// The container's networks, in the order they are searched.
    pub networks: Vec<NetworkName>,
    /// Names that only this container has for others, and what they are called in their networks.
    pub links: BTreeMap<String, String>,
    /// Who is asked for all other names.
    pub servers: Servers,
}

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Datagram(SocketAddr),
    Connection(u64),
}

/// Answers a container's questions from the names of its networks, and asks the host's servers.
#[derive(Debug)]
pub struct DnsService {
    datagrams: UdpSocket,
    listener: TcpListener,
    directory: Directory,
    resolver: Resolver<Client>,
    random: Random,
    linger: Linger,
    connections: BTreeMap<u64, Connection>,
    accepted: u64,
    upstreams: BTreeMap<ExchangeId, Upstream>,
    /// Where its servers are asked from, if they are the container's own.
    inside: Option<Namespaces>,
    /// Where its servers stand, if they are the host's.
    host_file: Option<HostFile>,
    buffer: Vec<u8>,
}

/// A container's program that asks over TCP.
#[derive(Debug)]
struct Connection {
    stream: Stream,
    idle_until: Instant,
}

impl DnsService {
    /// Serves on `sockets` as [`super::endpoint::configure`] returned them.
    ///
    /// # Errors
    /// If the sockets cannot be prepared.
    pub fn new(layout: &Layout, sockets: Vec<OwnedFd>, searched: Searched) -> Result<Self, ResolverError> {
        let Searched { networks, links, servers } = searched;
        let count = sockets.len();
        let [datagrams, listener]: [OwnedFd; 2] =
            sockets.try_into().map_err(|_| ResolverError::Sockets { count })?;
        let (datagrams, listener) = (UdpSocket::from(datagrams), TcpListener::from(listener));
        datagrams.set_nonblocking(true).map_err(ResolverError::Prepare)?;
        listener.set_nonblocking(true).map_err(ResolverError::Prepare)?;
        let mut service = Self {
            inside: None,
            host_file: None,
            datagrams,
            listener,
            directory: Directory::open(layout, networks, links)?,
            resolver: Resolver::new(Vec::new()),
            random: Random::new(),
            linger: Linger::default(),
            connections: BTreeMap::new(),
            accepted: 0,
            upstreams: BTreeMap::new(),
            buffer: vec![0; DATAGRAM_BYTES],
        };
        service.ask(servers)?;
        Ok(service)
    }

    fn ask(&mut self, servers: Servers) -> Result<(), ResolverError> {
        (self.inside, self.host_file) = (None, None);
        match servers {
            Servers::Container(own) => {
                self.inside = Some(Namespaces::of(&self.datagrams).map_err(ResolverError::Prepare)?);
                self.resolver.ask_others(own);
            }
            Servers::Nobody => self.resolver.ask_others(Vec::new()),
            Servers::Host => {
                self.host_file = Some(HostFile::default());
                self.follow_host(Instant::now());
            }
        }
        Ok(())
    }

    fn follow_host(&mut self, now: Instant) {
        if let Some(servers) = self.host_file.as_mut().and_then(|file| file.changed(now)) {
            self.resolver.ask_others(servers);
        }
    }

    /// Answers from other networks from now on, and asks other servers.
    ///
    /// # Errors
    /// If their names cannot be read.
    pub fn search(&mut self, layout: &Layout, searched: Searched) -> Result<(), ResolverError> {
        let Searched { networks, links, servers } = searched;
        self.directory = Directory::open(layout, networks, links)?;
        self.ask(servers)
    }

    /// What to poll, and for what. Changes with every call of [`Self::ready`] and [`Self::expire`].
    #[must_use]
    pub fn descriptors(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let listeners = [self.datagrams.as_fd(), self.listener.as_fd()].map(|fd| (fd, PollFlags::POLLIN));
        let connections = self.connections.values().map(|connection| connection.stream.interest());
        let upstreams = self.upstreams.values().map(Upstream::interest);
        listeners.into_iter().chain(connections).chain(upstreams).collect()
    }

    /// Handles a descriptor that poll reported; one that is not ours is ignored.
    pub fn ready(&mut self, fd: RawFd, now: Instant) {
        if fd == self.datagrams.as_raw_fd() {
            self.receive(now);
        } else if fd == self.listener.as_raw_fd() {
            self.accept(now);
        } else if let Some(id) = key_of(&self.connections, |connection| connection.stream.is(fd)) {
            self.drive_connection(id, now);
        } else if let Some(exchange) = key_of(&self.upstreams, |upstream| upstream.is(fd)) {
            self.drive_upstream(exchange, now);
        }
    }

    /// When [`Self::expire`] has to be called at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let idle = self.connections.values().map(|connection| connection.idle_until).min();
        [idle, self.resolver.next_deadline()].into_iter().flatten().min()
    }

    /// Gives up what took too long.
    pub fn expire(&mut self, now: Instant) {
        let Self { resolver, random, .. } = self;
        for action in resolver.expire(&mut Surroundings { now, random: &mut || random.next() }) {
            self.act(action, now);
        }
        while let Some(id) = key_of(&self.connections, |connection| connection.idle_until <= now) {
            self.close(id);
        }
    }

    fn receive(&mut self, now: Instant) {
        for _ in 0..BURST {
            if !self.receive_one(now) && !self.await_another(now) {
                return;
            }
        }
    }

    /// Answers a datagram, or passes it on, if there is one.
    fn receive_one(&mut self, now: Instant) -> bool {
        let mut buffer = std::mem::take(&mut self.buffer);
        let received = self.datagrams.recv_from(&mut buffer);
        if let Ok((length, client)) = received {
            self.linger.asked(Instant::now());
            self.query((Client::Datagram(client), Transport::Udp), &buffer[..length], now);
            self.linger.answered(Instant::now());
        }
        self.buffer = buffer;
        received.is_ok()
    }

    /// Looks for the next datagram of who asks one after the other.
    fn await_another(&mut self, now: Instant) -> bool {
        while self.linger.is_worthwhile(Instant::now(), &self.datagrams) {
            if self.receive_one(now) {
                return true;
            }
        }
        false
    }

    fn accept(&mut self, now: Instant) {
        while let Ok((socket, _)) = self.listener.accept() {
            // Over the limit, and where the socket cannot be used, dropping it closes it.
            if self.connections.len() < CONNECTIONS && socket.set_nonblocking(true).is_ok() {
                let connection = Connection { stream: Stream::new(socket), idle_until: now + IDLE };
                self.connections.insert(self.accepted, connection);
                self.accepted += 1;
            }
        }
    }

    fn drive_connection(&mut self, id: u64, now: Instant) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Ok(queries) = connection.stream.drive() else { return self.close(id) };
        connection.idle_until = now + IDLE;
        for query in queries {
            self.query((Client::Connection(id), Transport::Tcp), &query, now);
        }
    }

    fn drive_upstream(&mut self, exchange: ExchangeId, now: Instant) {
        let Self { upstreams, resolver, random, .. } = self;
        let Some(upstream) = upstreams.get_mut(&exchange) else { return };
        let mut around = Surroundings { now, random: &mut || random.next() };
        let action = match upstream.drive() {
            Ok(Some(reply)) => resolver.reply(exchange, &reply, &mut around),
            Ok(None) => None,
            Err(_) => resolver.failed(exchange, &mut around),
        };
        if let Some(action) = action {
            self.act(action, now);
        }
    }

    fn query(&mut self, client: (Client, Transport), packet: &[u8], now: Instant) {
        self.follow_host(now);
        let Self { directory, resolver, random, .. } = self;
        let mut around = Surroundings { now, random: &mut || random.next() };
        let action = resolver.query(directory.table(), client, packet, &mut around);
        if let Some(action) = action {
            self.act(action, now);
        }
    }

    /// Does what the resolver decided; a server that cannot even be asked is a failure at once.
    fn act(&mut self, action: Action<Client>, now: Instant) {
        let mut next = Some(action);
        while let Some(action) = next.take() {
            match action {
                Action::Reply { exchange, client, message } => {
                    exchange.map(|exchange| self.upstreams.remove(&exchange));
                    self.reply(client, &message);
                }
                Action::Forward { exchange, server, transport, message } => {
                    match Upstream::ask(server, transport, &message, self.inside.as_ref()) {
                        Ok(upstream) => drop(self.upstreams.insert(exchange, upstream)),
                        Err(error) => {
                            tracing::debug!(%server, %error, "cannot ask a name server");
                            let random = &mut self.random;
                            let mut around = Surroundings { now, random: &mut || random.next() };
                            next = self.resolver.failed(exchange, &mut around);
                        }
                    }
                }
            }
        }
    }

    /// A datagram that cannot be sent is lost, as datagrams may be: the client asks again.
    fn reply(&mut self, client: Client, message: &[u8]) {
        match client {
            Client::Datagram(address) => drop(self.datagrams.send_to(message, address)),
            Client::Connection(id) => {
                let Some(connection) = self.connections.get_mut(&id) else { return };
                if connection.stream.send(message).is_err() {
                    self.close(id);
                }
            }
        }
    }

    fn close(&mut self, id: u64) {
        self.connections.remove(&id);
        for exchange in self.resolver.forget(|client| *client == Client::Connection(id)) {
            self.upstreams.remove(&exchange);
        }
    }
}

fn key_of<K: Copy, V>(map: &BTreeMap<K, V>, is_it: impl Fn(&V) -> bool) -> Option<K> {
    map.iter().find(|(_, value)| is_it(value)).map(|(key, _)| *key)
}

#[cfg(test)]
mod tests;
