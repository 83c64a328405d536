//! The sockets that keep published ports from other programs.
//!
//! A guard is bound like a server's socket, without `SO_REUSEADDR`, so that a port that anybody has on
//! any address of the host is found taken, and another program's bind fails while we have it. IPv4
//! guards never listen: the kernel rewrites packets before they could arrive. IPv6 guards do, for what
//! the kernel cannot rewrite (see [`super::proxy`]).

use super::PortError;
use super::publication::Holder;
use crate::state::ProcessRef;
use crate::sys;
use engine_spec::{Protocol, PublishedPort};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, getsockname, listen,
    setsockopt, socket, sockopt,
};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// Connections to an IPv6 guard that may wait to be accepted.
const BACKLOG: i32 = 128;

/// A published port and the socket that keeps it; none where the kernel has no sockets of that protocol.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) port: PublishedPort,
    pub(crate) socket: Option<OwnedFd>,
}

/// Binds a port; number 0 is any free one.
pub(super) fn take(wish: &PublishedPort) -> Result<Guard, PortError> {
    let fail = |errno: Errno| match errno {
        Errno::EADDRINUSE => PortError::InUse { port: address_of(wish), protocol: wish.protocol },
        errno => PortError::Bind { port: address_of(wish), protocol: wish.protocol, source: errno.into() },
    };
    let Some(guard) = open(wish).map_err(fail)? else {
        return Ok(Guard { port: wish.clone(), socket: None });
    };
    bind(guard.as_raw_fd(), &SockaddrStorage::from(address_of(wish))).map_err(fail)?;
    if wish.host_ip.is_ipv6() && wish.protocol == Protocol::Tcp {
        listen(&guard, Backlog::new(BACKLOG).map_err(fail)?).map_err(fail)?;
    }
    let host_port = port_of(&guard).map_err(fail)?;
    Ok(Guard { port: PublishedPort { host_port, ..wish.clone() }, socket: Some(guard) })
}

/// `None` where the kernel does not know the protocol: then no program can have the port, either.
fn open(port: &PublishedPort) -> nix::Result<Option<OwnedFd>> {
    let family = if port.host_ip.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let (kind, protocol) = match port.protocol {
        Protocol::Tcp => (SockType::Stream, SockProtocol::Tcp),
        Protocol::Udp => (SockType::Datagram, SockProtocol::Udp),
        Protocol::Sctp => (SockType::Stream, SockProtocol::Sctp),
    };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let guard = match socket(family, kind, flags, protocol) {
        Err(Errno::EPROTONOSUPPORT | Errno::ESOCKTNOSUPPORT) if port.protocol == Protocol::Sctp => {
            return Ok(None);
        }
        guard => guard?,
    };
    if port.host_ip.is_ipv6() {
        setsockopt(&guard, sockopt::Ipv6V6Only, &true)?;
    }
    Ok(Some(guard))
}

/// Takes a second descriptor of the guard that another supervisor has; `None` if it has gone.
///
/// The port stays taken until the last of them is closed, so it passes from container to container
/// without a moment in which another program could get it (pidfd_getfd(2), Linux 5.6).
pub(super) fn inherit(port: &PublishedPort, holder: &Holder) -> Option<Guard> {
    let ProcessRef { .. } = holder.process;
    let supervisor = sys::pidfd_open(holder.process.pid()).ok()?;
    if !holder.process.is_alive() {
        return None;
    }
    let number = holder.descriptor(port)?;
    let socket = sys::pidfd_get_descriptor(supervisor.as_fd(), number).ok()?;
    let is_it = port_of(&socket) == Ok(port.host_port);
    is_it.then(|| Guard { port: port.clone(), socket: Some(socket) })
}

fn port_of(socket: &OwnedFd) -> nix::Result<u16> {
    let bound: SockaddrStorage = getsockname(socket.as_raw_fd())?;
    let v4 = bound.as_sockaddr_in().map(|address| address.port());
    v4.or_else(|| bound.as_sockaddr_in6().map(|address| address.port())).ok_or(Errno::EAFNOSUPPORT)
}

/// Whether a host without IPv6, or without that address, is why a port could not be bound.
pub(super) fn is_without_ipv6(error: &PortError) -> bool {
    let missing = [libc::EAFNOSUPPORT, libc::EADDRNOTAVAIL];
    matches!(error, PortError::Bind { source, .. } if source.raw_os_error().is_some_and(|errno| missing.contains(&errno)))
}

/// The host's side as a socket's address.
pub(super) fn address_of(port: &PublishedPort) -> SocketAddr {
    SocketAddr::new(port.host_ip, port.host_port)
}

/// Whether a port on one address keeps it from being published on the other.
pub(super) fn clashes(one: &PublishedPort, other: SocketAddr, protocol: Protocol) -> bool {
    let is_same_family = one.host_ip.is_ipv4() == other.is_ipv4();
    let covers = |address: IpAddr| address.is_unspecified();
    one.host_port == other.port()
        && one.protocol == protocol
        && is_same_family
        && (one.host_ip == other.ip() || covers(one.host_ip) || covers(other.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(host: &str, host_port: u16) -> PublishedPort {
        let host_ip = host.parse().expect("address");
        PublishedPort { host_ip, host_port, target: 80, protocol: Protocol::Tcp }
    }

    #[test]
    fn free_port_is_chosen_and_kept_from_others() {
        let guard = take(&port("127.0.0.1", 0)).expect("some port is free");
        let chosen = guard.port.host_port;
        assert!(chosen > 0 && guard.socket.is_some());
        assert!(std::net::TcpListener::bind(("127.0.0.1", chosen)).is_err(), "another program got it");
        let again = take(&port("0.0.0.0", chosen));
        assert!(matches!(again, Err(PortError::InUse { .. })), "every address includes a taken one");
    }

    #[test]
    fn guard_outlives_its_first_holder_where_another_took_it_over() {
        let first = take(&port("127.0.0.1", 0)).expect("free");
        let holder = Holder::this(std::slice::from_ref(&first)).expect("this process");
        let second = inherit(&first.port, &holder).expect("taken over");
        let chosen = first.port.host_port;
        drop(first);
        assert!(matches!(take(&port("127.0.0.1", chosen)), Err(PortError::InUse { .. })));
        drop(second);
        take(&port("127.0.0.1", chosen)).expect("free again");
    }

    #[test]
    fn every_address_clashes_with_each_of_its_family() {
        let other = |text: &str| text.parse().expect("socket address");
        let tcp = Protocol::Tcp;
        assert!(clashes(&port("0.0.0.0", 80), other("127.0.0.1:80"), tcp));
        assert!(clashes(&port("127.0.0.1", 80), other("0.0.0.0:80"), tcp));
        assert!(!clashes(&port("127.0.0.1", 80), other("127.0.0.2:80"), tcp));
        assert!(!clashes(&port("0.0.0.0", 80), other("0.0.0.0:80"), Protocol::Udp));
        assert!(!clashes(&port("0.0.0.0", 80), other("[::]:80"), tcp));
    }
}
