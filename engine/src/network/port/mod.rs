//! Published ports: one map element each, and a bound socket that keeps the port from others.
//!
//! ```text
//! publish ── guard: bind, or take over a sibling's ── publication: keep ── firewall: add
//! drain ───────────────────────────────────────────── publication: mark ── firewall: to the siblings
//! unpublish ───────────────────────────────────────── firewall: remove ─── publication: forget
//! ```
//! **Shared ports.** Containers of one [`engine_spec::PortGroup`] (the replicas of a service) may publish the same
//! fixed port. New connections are spread over them in turn. To replace one without losing a
//! connection: start the new one, which joins by publishing; [`drain`] the old one, after which only
//! its siblings get new connections while its own go on; wait until [`flows`] is 0; stop it, which
//! ends in [`unpublish`]. The socket that keeps the port is taken over by each container from one that
//! has it, so there is no moment in which another program could get the port.

mod guard;
mod memory;
mod owner;
mod proxy;
mod publication;

pub use memory::Memory;
pub use proxy::Proxy;
pub use publication::{Publisher, Target};

pub(crate) use guard::Guard;

use super::conntrack::{self, Flow};
use super::firewall;
use super::netlink::NetlinkError;
use super::ruleset::Forwarding;
use crate::state::Layout;
use crate::state::lock::{self, LockError};
use crate::state::record::RecordError;
use engine_spec::{PortSpec, Protocol, PublishedPort};
use publication::{Holder, Publication};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// A port could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Another container has it.
    #[error(
        "port {port}/{protocol} is already published by container {owner}: choose another host port, or stop that container"
    )]
    PublishedBy {
        /// Address and port on the host.
        port: SocketAddr,
        /// The transport.
        protocol: Protocol,
        /// The container's name, or its short id where the name is not known.
        owner: String,
    },
    /// Another program has it.
    #[error(
        "port {port}/{protocol} is already in use by {program}: choose another host port, or stop that program"
    )]
    HeldBy {
        /// Address and port on the host.
        port: SocketAddr,
        /// The transport.
        protocol: Protocol,
        /// The program and its process id.
        program: String,
    },
    /// A program that cannot be seen has it.
    #[error(
        "port {port}/{protocol} is already in use by another program on this host: choose another host port"
    )]
    InUse {
        /// Address and port on the host.
        port: SocketAddr,
        /// The transport.
        protocol: Protocol,
    },
    /// It cannot be bound at all.
    #[error("cannot bind {port}/{protocol}")]
    Bind {
        /// Address and port on the host.
        port: SocketAddr,
        /// The transport.
        protocol: Protocol,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What keeps the ports cannot be told to others.
    #[error("cannot tell which process holds the published ports")]
    Holder(#[source] io::Error),
    /// The kernel refused the rule.
    #[error("cannot forward published ports")]
    Netlink(#[from] NetlinkError),
    /// A record could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The firewall is locked for good.
    #[error(transparent)]
    Lock(#[from] LockError),
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

/// Publishes a container's ports on the host in one transaction.
///
/// The ports stay taken as long as the guards are open.
///
/// # Errors
/// Names the port that is taken, and by whom.
pub(crate) fn publish(
    layout: &Layout,
    publisher: Publisher<'_>,
    target: Target,
    ports: &[PortSpec],
    memory: &Memory,
) -> Result<Vec<Guard>, PortError> {
    let _lock = lock::firewall(layout)?;
    let siblings = publisher.siblings(layout)?;
    let remembered = memory.recall();
    let mut guards = Vec::new();
    for port in ports {
        let taken = take(port, &siblings, &remembered);
        guards.extend(taken.map_err(|error| owner::name_owner(layout, publisher.container, error))?);
    }
    memory.keep(ports, &guards)?;
    let ports = guards.iter().map(|guard| guard.port.clone()).collect();
    let holder = Holder::this(&guards).map_err(PortError::Holder)?;
    let publication = Publication { target, ports, holder, is_draining: publisher.is_standby };
    publisher.save(layout, &publication)?;
    change(layout, &siblings, None, Some(&publication))?;
    // Flows that went elsewhere, or nowhere, while nobody had the port.
    forget_flows(&publication, |flow| {
        siblings.is_empty() && publication.ports.iter().any(|port| flow.came_to(port))
    });
    Ok(guards)
}

/// Ends what [`publish`] began; the caller closes the guards. Nothing published is no error.
///
/// # Errors
/// If the rules or the record cannot be removed.
pub fn unpublish(layout: &Layout, publisher: Publisher<'_>) -> Result<(), PortError> {
    let _lock = lock::firewall(layout)?;
    let Some(publication) = publisher.load(layout)? else { return Ok(()) };
    change(layout, &publisher.siblings(layout)?, Some(&publication), None)?;
    publisher.forget(layout)?;
    forget_flows(&publication, |flow| flow.is_of(publication.target));
    Ok(())
}

/// Lets new connections go to the other containers of the group only, or with `false` to this one
/// again; those that there are stay. Nothing published is no error.
///
/// # Errors
/// If the rules or the record cannot be changed.
pub fn drain(layout: &Layout, publisher: Publisher<'_>, is_draining: bool) -> Result<(), PortError> {
    let _lock = lock::firewall(layout)?;
    let Some(before) = publisher.load(layout)? else { return Ok(()) };
    let after = Publication { is_draining, ..before.clone() };
    publisher.save(layout, &after)?;
    change(layout, &publisher.siblings(layout)?, Some(&before), Some(&after))
}

/// How many connections to a container are open that came by a published port.
///
/// # Errors
/// If the kernel does not tell.
pub fn flows(layout: &Layout, publisher: Publisher<'_>) -> Result<usize, PortError> {
    let Some(publication) = publisher.load(layout)? else { return Ok(0) };
    let mut count = 0;
    conntrack::list(|flow| {
        count += usize::from(flow.is_open() && flow.is_published() && flow.is_of(publication.target));
    })?;
    Ok(count)
}

/// Takes the guards of what is published already, for an adopted container.
///
/// # Errors
/// Names the port that is taken by now.
pub(crate) fn adopt(layout: &Layout, publisher: Publisher<'_>) -> Result<Vec<Guard>, PortError> {
    let _lock = lock::firewall(layout)?;
    let Some(mut publication) = publisher.load(layout)? else { return Ok(Vec::new()) };
    let siblings = publisher.siblings(layout)?;
    let take = |port: &PublishedPort| take_exactly(port, &siblings);
    let guards = publication.ports.iter().map(take).collect::<Result<Vec<_>, _>>();
    let guards = guards.map_err(|error| owner::name_owner(layout, publisher.container, error))?;
    publication.holder = Holder::this(&guards).map_err(PortError::Holder)?;
    publisher.save(layout, &publication)?;
    Ok(guards)
}

/// What all containers of this installation have published.
pub(super) fn forwardings(layout: &Layout) -> Result<Vec<Forwarding>, PortError> {
    let publications = publication::all(layout)?;
    Ok(publications.iter().flat_map(|(_, publication)| publication.forwardings()).collect())
}

/// Brings the rules from what one container published before to what it publishes after.
fn change(
    layout: &Layout,
    siblings: &[Publication],
    before: Option<&Publication>,
    after: Option<&Publication>,
) -> Result<(), PortError> {
    let with_siblings = |own: Option<&Publication>| {
        siblings.iter().chain(own).flat_map(Publication::forwardings).collect::<Vec<_>>()
    };
    Ok(firewall::change_ports(layout, &with_siblings(before), &with_siblings(after))?)
}

/// Datagrams have no end: without this a client that goes on sending would reach where it did before.
/// What cannot be forgotten now is when its time is over, so a refusal only delays.
fn forget_flows(publication: &Publication, is_wanted: impl Fn(&Flow) -> bool) {
    if publication.ports.iter().any(|port| port.protocol == Protocol::Udp) {
        let forgotten = conntrack::forget(|flow| flow.protocol == Protocol::Udp && is_wanted(flow));
        forgotten.unwrap_or_else(|error| tracing::debug!(%error, "flows stay until they time out"));
    }
}

/// Takes one port on each address it is published on: the first of a range that is free on all. Of a
/// range each sibling has its own, as long as there are enough; a fixed port they share.
fn take(
    spec: &PortSpec,
    siblings: &[Publication],
    remembered: &[PublishedPort],
) -> Result<Vec<Guard>, PortError> {
    let hosts = hosts(spec);
    let port = |host_ip: IpAddr, host_port: u16| PublishedPort {
        host_ip,
        host_port,
        target: spec.target,
        protocol: spec.protocol,
    };
    let on_all = |host_port: u16, siblings: &[Publication]| {
        take_on_all(&hosts, spec.host_ip.is_some(), |host| port(host, host_port), siblings)
    };
    let Some((first, last)) = spec.published else {
        let before =
            remembered.iter().find(|port| port.target == spec.target && port.protocol == spec.protocol);
        let again = before.and_then(|before| on_all(before.host_port, siblings).ok());
        return again.map_or_else(|| take_any(|host_port| on_all(host_port, siblings)), Ok);
    };
    if first < last
        && let Ok(own) = take_first(first, last, |host_port| on_all(host_port, &[]))
    {
        return Ok(own);
    }
    take_first(first, last, |host_port| on_all(host_port, siblings))
}

/// The first port of a range that can be taken.
fn take_first(
    first: u16,
    last: u16,
    on_all: impl Fn(u16) -> Result<Vec<Guard>, PortError>,
) -> Result<Vec<Guard>, PortError> {
    let mut taken = on_all(first);
    for host_port in first.saturating_add(1)..=last {
        if taken.is_ok() {
            break;
        }
        taken = on_all(host_port);
    }
    taken
}

/// A free port of one address may be taken on another.
fn take_any(on_all: impl Fn(u16) -> Result<Vec<Guard>, PortError>) -> Result<Vec<Guard>, PortError> {
    let mut taken = on_all(0);
    for _ in 1..ATTEMPTS {
        if taken.is_ok() {
            break;
        }
        taken = on_all(0);
    }
    taken
}

/// So many ports in a row that are free for IPv4 and taken for IPv6 mean that something else is wrong.
const ATTEMPTS: u32 = 10;

/// Without an address a port is published on every one of both families, as Docker does.
fn hosts(spec: &PortSpec) -> Vec<IpAddr> {
    match spec.host_ip {
        Some(host) => vec![host],
        None => vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
    }
}

fn take_on_all(
    hosts: &[IpAddr],
    is_asked_for: bool,
    port: impl Fn(IpAddr) -> PublishedPort,
    siblings: &[Publication],
) -> Result<Vec<Guard>, PortError> {
    let mut guards: Vec<Guard> = Vec::new();
    for host in hosts {
        let mut wish = port(*host);
        if let Some(first) = guards.first() {
            wish.host_port = first.port.host_port;
        }
        match take_exactly(&wish, siblings) {
            // The host has no IPv6, and nobody asked for it.
            Err(error) if !is_asked_for && host.is_ipv6() && guard::is_without_ipv6(&error) => {}
            taken => guards.push(taken?),
        }
    }
    Ok(guards)
}

/// Takes a port, from a sibling where one has it.
fn take_exactly(wish: &PublishedPort, siblings: &[Publication]) -> Result<Guard, PortError> {
    let taken = guard::take(wish);
    if !matches!(taken, Err(PortError::InUse { .. })) {
        return taken;
    }
    let holders = siblings.iter().filter(|sibling| sibling.ports.contains(wish));
    holders.filter_map(|sibling| guard::inherit(wish, &sibling.holder)).next().map_or(taken, Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(host_ip: Option<&str>, published: Option<(u16, u16)>) -> PortSpec {
        let host_ip = host_ip.map(|address| address.parse().expect("address"));
        PortSpec { host_ip, published, target: 80, protocol: Protocol::Tcp }
    }

    fn taken(spec: &PortSpec) -> Vec<Guard> {
        take(spec, &[], &[]).expect("some port is free")
    }

    #[test]
    fn range_gives_the_first_free_port() {
        let first = taken(&spec(Some("127.0.0.1"), None));
        let port = first[0].port.host_port;
        let second = taken(&spec(Some("127.0.0.1"), Some((port, port.saturating_add(20)))));
        assert!(second[0].port.host_port > port);
    }

    #[test]
    fn port_without_an_address_is_the_same_for_both_families() {
        let guards = taken(&spec(None, None));
        let ports: Vec<_> = guards.iter().map(|guard| guard.port.host_port).collect();
        assert!(ports.iter().all(|port| *port == ports[0]), "{ports:?}");
        assert_eq!(guards[0].port.host_ip, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    }

    #[test]
    fn free_port_of_last_time_is_taken_again() {
        let before = taken(&spec(Some("127.0.0.1"), None)).remove(0).port;
        let again = take(&spec(Some("127.0.0.1"), None), &[], std::slice::from_ref(&before)).expect("free");
        assert_eq!(again[0].port, before);
    }
}
