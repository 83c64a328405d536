//! Published ports: one map element each, and a bound socket that keeps the port from others.
//!
//! The guard never listens: the kernel rewrites packets to the port before they could reach it. It
//! is there so that another program's bind fails, and ours if another program has the port.

use super::firewall;
use super::netlink::NetlinkError;
use super::ruleset::Forwarding;
use crate::state::Layout;
use crate::state::container;
use crate::state::record::{self, Record, RecordError};
use engine_spec::{ContainerId, PortSpec, Protocol, PublishedPort};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, getsockname, socket};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

/// A port could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Another container has it.
    #[error("port {port}/{protocol} is already published by container {owner}")]
    PublishedBy {
        /// Address and port on the host.
        port: SocketAddrV4,
        /// The transport.
        protocol: Protocol,
        /// The container's name, or its short id where the name is not known.
        owner: String,
    },
    /// Another program has it.
    #[error("port {port}/{protocol} is already in use by another program on this host")]
    InUse {
        /// Address and port on the host.
        port: SocketAddrV4,
        /// The transport.
        protocol: Protocol,
    },
    /// It cannot be bound at all.
    #[error("cannot bind {port}/{protocol}")]
    Bind {
        /// Address and port on the host.
        port: SocketAddrV4,
        /// The transport.
        protocol: Protocol,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The kernel cannot forward from IPv6 to a container's IPv4 address.
    #[error("cannot publish on {address}: publishing on IPv6 addresses is not supported")]
    Ipv6 {
        /// The address asked for.
        address: IpAddr,
    },
    /// The kernel refused the rule.
    #[error("cannot forward published ports")]
    Netlink(#[from] NetlinkError),
    /// A record could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The folder of records could not be made or read.
    #[error("cannot keep published ports in {path}")]
    Store {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What a container has published: `run/ports/<container>`.
#[derive(Debug, Serialize, Deserialize)]
struct Publication {
    address: Ipv4Addr,
    ports: Vec<PublishedPort>,
}

impl Record for Publication {
    const KIND: &'static str = "ports";
    const VERSION: u32 = 1;
}

impl Publication {
    fn forwardings(&self) -> impl Iterator<Item = Forwarding> {
        let forwarding = |port: &PublishedPort| Forwarding { port: port.clone(), address: self.address };
        self.ports.iter().map(forwarding)
    }
}

/// Publishes a container's ports on the host in one transaction.
///
/// The guards are bound and never listen; the ports stay taken as long as they are open.
///
/// # Errors
/// Names the port that is taken, and by which container if it is one of ours.
pub fn publish(
    layout: &Layout,
    container: &ContainerId,
    address: Ipv4Addr,
    ports: &[PortSpec],
) -> Result<(Vec<PublishedPort>, Vec<OwnedFd>), PortError> {
    let taken: Result<Vec<_>, _> = ports.iter().map(take).collect();
    let taken = taken.map_err(|error| name_owner(layout, container, error))?;
    let (ports, guards): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
    let publication = Publication { address, ports };
    fs::create_dir_all(folder(layout)).map_err(|source| PortError::Store { path: folder(layout), source })?;
    record::write_volatile(&path(layout, container), &publication)?;
    firewall::publish(layout, &publication.forwardings().collect::<Vec<_>>())?;
    Ok((publication.ports, guards.into_iter().flatten().collect()))
}

/// Ends what [`publish`] began; the caller closes the guards. Nothing published is no error.
///
/// # Errors
/// If the rules or the record cannot be removed.
pub fn unpublish(layout: &Layout, container: &ContainerId) -> Result<(), PortError> {
    let path = path(layout, container);
    let Some(publication) = record::read::<Publication>(&path)? else { return Ok(()) };
    firewall::unpublish(layout, &publication.forwardings().collect::<Vec<_>>())?;
    fs::remove_file(&path).map_err(|source| PortError::Store { path, source })
}

/// Takes the guards of ports that are published already, for an adopted container.
///
/// # Errors
/// Names the port that is taken by now.
pub fn guard(ports: &[PublishedPort]) -> Result<Vec<OwnedFd>, PortError> {
    let mut guards = Vec::new();
    for port in ports {
        let IpAddr::V4(address) = port.host_ip else { continue };
        guards.extend(bind_guard(SocketAddrV4::new(address, port.host_port), port.protocol)?.1);
    }
    Ok(guards)
}

/// What all containers of this installation have published.
pub(super) fn forwardings(layout: &Layout) -> Result<Vec<Forwarding>, PortError> {
    let publications = publications(layout)?;
    Ok(publications.iter().flat_map(|(_, publication)| publication.forwardings()).collect())
}

fn publications(layout: &Layout) -> Result<Vec<(ContainerId, Publication)>, PortError> {
    let fail = |source| PortError::Store { path: folder(layout), source };
    let entries = match fs::read_dir(folder(layout)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(fail)?,
    };
    let mut publications = Vec::new();
    for entry in entries {
        let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
        let Ok(container) = ContainerId::try_from(name) else { continue };
        let publication = record::read(&path(layout, &container))?;
        publications.extend(publication.map(|publication| (container, publication)));
    }
    Ok(publications)
}

fn folder(layout: &Layout) -> PathBuf {
    layout.run().join("ports")
}

fn path(layout: &Layout, container: &ContainerId) -> PathBuf {
    folder(layout).join(container.as_str())
}

/// Takes the first port of a range that is free; the error is the last one's, as Docker's is.
fn take(spec: &PortSpec) -> Result<(PublishedPort, Option<OwnedFd>), PortError> {
    let address = match spec.host_ip {
        None => Ipv4Addr::UNSPECIFIED,
        Some(IpAddr::V4(address)) => address,
        Some(address @ IpAddr::V6(_)) => return Err(PortError::Ipv6 { address }),
    };
    let (first, last) = spec.published.unwrap_or((0, 0));
    let mut taken = bind_guard(SocketAddrV4::new(address, first), spec.protocol);
    for port in first.saturating_add(1)..=last {
        if taken.is_ok() {
            break;
        }
        taken = bind_guard(SocketAddrV4::new(address, port), spec.protocol);
    }
    let (host_port, guard) = taken?;
    let port =
        PublishedPort { host_ip: address.into(), host_port, target: spec.target, protocol: spec.protocol };
    Ok((port, guard))
}

/// Without SO_REUSEADDR, so that a listener on any address of the host counts as a conflict.
fn bind_guard(port: SocketAddrV4, protocol: Protocol) -> Result<(u16, Option<OwnedFd>), PortError> {
    let kind = match protocol {
        Protocol::Tcp => SockType::Stream,
        Protocol::Udp => SockType::Datagram,
        // Many kernels have no SCTP sockets; those that have can do without the guard.
        Protocol::Sctp => return Ok((port.port(), None)),
    };
    let fail = |errno: Errno| match errno {
        Errno::EADDRINUSE => PortError::InUse { port, protocol },
        errno => PortError::Bind { port, protocol, source: errno.into() },
    };
    let guard = socket(AddressFamily::Inet, kind, SockFlag::SOCK_CLOEXEC, None).map_err(fail)?;
    bind(guard.as_raw_fd(), &SockaddrIn::from(port)).map_err(fail)?;
    let bound: SockaddrIn = getsockname(guard.as_raw_fd()).map_err(fail)?;
    Ok((bound.port(), Some(guard)))
}

/// Says which container has the port, if it is one of ours.
fn name_owner(layout: &Layout, asking: &ContainerId, error: PortError) -> PortError {
    let PortError::InUse { port, protocol } = error else { return error };
    let publications = publications(layout).unwrap_or_default();
    let owner = publications.into_iter().find(|(container, publication)| {
        container != asking && publication.ports.iter().any(|theirs| clashes(theirs, port, protocol))
    });
    match owner {
        Some((owner, _)) => PortError::PublishedBy { port, protocol, owner: name_of(layout, &owner) },
        None => PortError::InUse { port, protocol },
    }
}

fn clashes(theirs: &PublishedPort, port: SocketAddrV4, protocol: Protocol) -> bool {
    let is_same_address =
        theirs.host_ip == *port.ip() || theirs.host_ip.is_unspecified() || port.ip().is_unspecified();
    theirs.host_port == port.port() && theirs.protocol == protocol && is_same_address
}

fn name_of(layout: &Layout, container: &ContainerId) -> String {
    let record = container::load(layout, container).ok().flatten();
    record.map_or_else(|| container.short().to_owned(), |record| record.spec.name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(host_ip: &str, published: Option<(u16, u16)>) -> PortSpec {
        let host_ip = Some(host_ip.parse().expect("address"));
        PortSpec { host_ip, published, target: 80, protocol: Protocol::Tcp }
    }

    #[test]
    fn free_port_is_chosen_and_kept_from_others() {
        let (port, guard) = take(&spec("127.0.0.1", None)).expect("some port is free");
        assert!(port.host_port > 0 && guard.is_some());
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port.host_port);
        assert!(std::net::TcpListener::bind(address).is_err(), "another program got it");
        let again = take(&spec("0.0.0.0", Some((port.host_port, port.host_port))));
        assert!(matches!(again, Err(PortError::InUse { .. })), "every address includes a taken one");
    }

    #[test]
    fn range_gives_the_first_free_port() {
        let (first, _guard) = take(&spec("127.0.0.1", None)).expect("free");
        let last = first.host_port.saturating_add(20);
        let (second, _) =
            take(&spec("127.0.0.1", Some((first.host_port, last)))).expect("one of them is free");
        assert!(second.host_port > first.host_port);
    }

    #[test]
    fn ipv6_is_refused_with_the_reason() {
        assert!(matches!(take(&spec("::1", None)), Err(PortError::Ipv6 { .. })));
    }

    #[test]
    fn every_address_clashes_with_each() {
        let theirs = |host: &str| PublishedPort {
            host_ip: host.parse().expect("address"),
            host_port: 80,
            target: 80,
            protocol: Protocol::Tcp,
        };
        let port = |text: &str| text.parse().expect("socket address");
        assert!(clashes(&theirs("0.0.0.0"), port("127.0.0.1:80"), Protocol::Tcp));
        assert!(clashes(&theirs("127.0.0.1"), port("0.0.0.0:80"), Protocol::Tcp));
        assert!(!clashes(&theirs("127.0.0.1"), port("127.0.0.2:80"), Protocol::Tcp));
        assert!(!clashes(&theirs("0.0.0.0"), port("0.0.0.0:80"), Protocol::Udp));
    }
}
