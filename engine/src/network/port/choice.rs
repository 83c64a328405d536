//! Which ports of the host a container gets: those it asks for, the first free of a range, those it had last
//! time, or any.

use super::PortError;
use super::guard::{self, Guard};
use super::publication::Publication;
use engine_spec::{PortSpec, PublishedPort};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// So many ports in a row that are free for IPv4 and taken for IPv6 mean that something else is wrong.
const ATTEMPTS: u32 = 10;

/// Takes one port on each address it is published on: the first of a range that is free on all. Of a
/// range each sibling has its own, as long as there are enough; a fixed port they share.
pub(super) fn take(
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
pub(super) fn take_exactly(wish: &PublishedPort, siblings: &[Publication]) -> Result<Guard, PortError> {
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
    use engine_spec::Protocol;

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
