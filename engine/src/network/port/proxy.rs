//! Passing on what the kernel cannot rewrite: packets for an IPv6 address of the host to a container
//! with IPv4 alone, and what is sent to `::1`. Part of the supervisor's poll loop; never blocks.
//!
//! What the kernel does rewrite never arrives at these sockets.

mod datagrams;
mod stream;

use super::{Guard, Target};
use datagrams::Datagrams;
use engine_spec::Protocol;
use nix::poll::PollFlags;
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Instant;
use stream::Connection;

/// Connections at a time: half of the descriptors a process may have by default.
const CONNECTIONS: usize = 250;

/// The IPv6 ports of one container.
#[derive(Debug, Default)]
pub struct Proxy {
    listeners: Vec<Listener>,
    datagrams: Vec<Datagrams>,
    connections: BTreeMap<u64, Connection>,
    accepted: u64,
    is_draining: bool,
}

#[derive(Debug)]
struct Listener {
    socket: TcpListener,
    server: SocketAddr,
}

impl Proxy {
    /// Serves the guards that have IPv6 addresses.
    ///
    /// # Errors
    /// If a descriptor cannot be made.
    pub(crate) fn new(guards: &[Guard], target: Target) -> io::Result<Self> {
        let mut proxy = Self::default();
        for guard in guards.iter().filter(|guard| guard.port.host_ip.is_ipv6()) {
            let server = target.ipv4.map(Into::into).or(target.ipv6.map(Into::into));
            let (Some(socket), Some(server)) = (&guard.socket, server) else { continue };
            let (socket, server) = (socket.try_clone()?, SocketAddr::new(server, guard.port.target));
            match guard.port.protocol {
                Protocol::Tcp => {
                    proxy.listeners.push(Listener { socket: TcpListener::from(socket), server });
                }
                Protocol::Udp => proxy.datagrams.push(Datagrams::new(UdpSocket::from(socket), server)),
                Protocol::Sctp => {}
            }
        }
        Ok(proxy)
    }

    /// Leaves new connections to the others that have the same sockets, or takes them again.
    pub fn drain(&mut self, is_draining: bool) {
        self.is_draining = is_draining;
    }

    /// How many connections it passes on.
    #[must_use]
    pub fn flows(&self) -> usize {
        self.connections.len()
    }

    /// What to poll, and for what.
    #[must_use]
    pub fn descriptors(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let takes_more = !self.is_draining && self.connections.len() < CONNECTIONS;
        let listeners = self.listeners.iter().filter(|_| takes_more);
        let listeners = listeners.map(|listener| (listener.socket.as_fd(), PollFlags::POLLIN));
        let connections = self.connections.values().flat_map(Connection::interest);
        let datagrams = self.datagrams.iter().flat_map(|port| port.interest(self.is_draining));
        listeners.chain(connections).chain(datagrams).collect()
    }

    /// Handles a descriptor that poll reported; one that is not ours is ignored.
    pub fn ready(&mut self, fd: RawFd, now: Instant) {
        if let Some(number) = self.listeners.iter().position(|listener| listener.socket.as_raw_fd() == fd) {
            self.accept(number);
        }
        if let Some(id) = self.connections.iter().find(|(_, one)| one.has(fd)).map(|(id, _)| *id) {
            let is_over = self.connections.get_mut(&id).is_none_or(Connection::drive);
            if is_over {
                self.connections.remove(&id);
            }
        }
        for port in &mut self.datagrams {
            port.ready(fd, now);
        }
    }

    /// When [`Self::expire`] has to be called at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.datagrams.iter().filter_map(Datagrams::next_deadline).min()
    }

    /// Forgets clients that sent nothing for a while.
    pub fn expire(&mut self, now: Instant) {
        self.datagrams.iter_mut().for_each(|port| port.expire(now));
    }

    /// A connection that cannot be passed on is closed, as if nobody listened.
    fn accept(&mut self, number: usize) {
        let Listener { socket, server } = &self.listeners[number];
        while self.connections.len() < CONNECTIONS {
            let Ok((client, _)) = socket.accept() else { return };
            if let Ok(connection) = Connection::begin(client, *server) {
                self.connections.insert(self.accepted, connection);
                self.accepted += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::guard;
    use super::*;
    use engine_spec::PublishedPort;
    use nix::poll::{PollFd, PollTimeout, poll};
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};
    use std::sync::atomic::{AtomicBool, Ordering};

    fn run(mut proxy: Proxy, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            let interest = proxy.descriptors();
            let mut polled: Vec<_> = interest.iter().map(|(fd, flags)| PollFd::new(*fd, *flags)).collect();
            poll(&mut polled, PollTimeout::from(20_u8)).expect("polled");
            let happened = |fd: &&PollFd<'_>| fd.revents().is_some_and(|happened| !happened.is_empty());
            let ready: Vec<_> = polled.iter().filter(happened).map(|fd| fd.as_fd().as_raw_fd()).collect();
            drop(polled);
            ready.into_iter().for_each(|fd| proxy.ready(fd, Instant::now()));
        }
    }

    fn guarded(protocol: Protocol, target: u16) -> Option<Guard> {
        let host_ip = Ipv6Addr::LOCALHOST.into();
        let port = PublishedPort { host_ip, host_port: 0, target, protocol };
        match guard::take(&port) {
            Err(error) if guard::is_without_ipv6(&error) => None,
            taken => Some(taken.expect("some port is free")),
        }
    }

    fn served(guard: Guard, client: impl FnOnce(SocketAddr)) {
        let address = SocketAddr::new(guard.port.host_ip, guard.port.host_port);
        let target = Target { ipv4: Some(Ipv4Addr::LOCALHOST), ipv6: None };
        let proxy = Proxy::new(&[guard], target).expect("made");
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| run(proxy, &is_over));
            client(address);
            is_over.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn stream_passes_whole_in_both_directions_and_ends_with_its_ends() {
        let server = TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = server.local_addr().expect("bound").port();
        let Some(guard) = guarded(Protocol::Tcp, port) else { return };
        let echo = std::thread::spawn(move || {
            let (mut stream, _) = server.accept().expect("connected");
            let mut all = Vec::new();
            stream.read_to_end(&mut all).expect("read to the client's end");
            stream.write_all(&all).expect("answered");
        });
        served(guard, |address| {
            let mut client = TcpStream::connect(address).expect("connected");
            let sent: Vec<u8> = (0..1_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
            client.write_all(&sent).expect("sent");
            client.shutdown(Shutdown::Write).expect("ended");
            let mut received = Vec::new();
            client.read_to_end(&mut received).expect("received");
            assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
        });
        echo.join().expect("served");
    }

    #[test]
    fn datagrams_find_their_way_back() {
        let server = UdpSocket::bind("127.0.0.1:0").expect("bound");
        let port = server.local_addr().expect("bound").port();
        let Some(guard) = guarded(Protocol::Udp, port) else { return };
        served(guard, |address| {
            let client = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).expect("bound");
            client.send_to(b"hello", address).expect("sent");
            let mut buffer = [0; 16];
            let (length, from) = server.recv_from(&mut buffer).expect("passed on");
            server.send_to(&buffer[..length], from).expect("answered");
            let (length, from) = client.recv_from(&mut buffer).expect("passed back");
            assert_eq!((&buffer[..length], from), (&b"hello"[..], address));
        });
    }

    #[test]
    fn draining_proxy_takes_no_new_connections() {
        let Some(guard) = guarded(Protocol::Tcp, 9) else { return };
        let mut proxy =
            Proxy::new(&[guard], Target { ipv4: Some(Ipv4Addr::LOCALHOST), ipv6: None }).expect("made");
        assert_eq!(proxy.descriptors().len(), 1);
        proxy.drain(true);
        assert_eq!(proxy.descriptors().len(), 0);
    }
}
