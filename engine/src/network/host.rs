//! What the host has already: routes and links.

use super::netlink::{NetlinkError, Socket};
use ipnet::IpNet;
use rtnetlink::packet_core::Parseable;
use rtnetlink::packet_route::link::{InfoKind, LinkAttribute, LinkInfo, LinkMessage, State};
use rtnetlink::packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteType};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

/// What Ethernet carries where nobody says otherwise.
const ETHERNET_MTU: u32 = 1500;

/// A link of the host, as far as we care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) name: String,
    pub(super) alias: Option<String>,
    pub(super) mtu: u32,
    pub(super) group: u32,
    pub(super) is_bridge: bool,
    /// Whether packets pass (RFC 2863: `ifOperStatus`).
    pub(super) is_up: bool,
}

/// Whether the kernel knows IPv6 (`ipv6.disable=1` on its command line, and it does not).
pub(super) fn has_ipv6() -> bool {
    Path::new("/proc/thread-self/net/if_inet6").exists()
}

/// The host's routes of all tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Routes {
    /// Where they lead; a default route is 0.0.0.0/0.
    pub(super) destinations: Vec<IpNet>,
    /// The link of the preferred IPv4 default route.
    pub(super) default_link: Option<u32>,
}

/// Reads all routes of both families.
pub(super) fn routes(socket: &mut Socket) -> Result<Routes, NetlinkError> {
    let mut found = Vec::new();
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut message = RouteMessage::default();
        message.header.address_family = family;
        socket.dump_route(RouteNetlinkMessage::GetRoute(message), "list routes", |body| {
            found.extend(RouteMessage::parse(body));
        })?;
    }
    let defaults = found.iter().filter(|route| {
        route.header.address_family == AddressFamily::Inet
            && route.header.destination_prefix_length == 0
            && route.header.kind == RouteType::Unicast
    });
    let preferred = defaults.min_by_key(|route| priority(route));
    Ok(Routes {
        destinations: found.iter().filter_map(destination).collect(),
        default_link: preferred.and_then(output),
    })
}

fn destination(route: &RouteMessage) -> Option<IpNet> {
    let address = route.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Destination(RouteAddress::Inet(address)) => Some(IpAddr::V4(*address)),
        RouteAttribute::Destination(RouteAddress::Inet6(address)) => Some(IpAddr::V6(*address)),
        _ => None,
    });
    IpNet::new(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), route.header.destination_prefix_length).ok()
}

fn priority(route: &RouteMessage) -> u32 {
    let priorities = route.attributes.iter().filter_map(|attribute| match attribute {
        RouteAttribute::Priority(priority) => Some(*priority),
        _ => None,
    });
    priorities.min().unwrap_or(0)
}

fn output(route: &RouteMessage) -> Option<u32> {
    route.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Oif(index) => Some(*index),
        _ => None,
    })
}

/// Reads all links.
pub(super) fn links(socket: &mut Socket) -> Result<Vec<Link>, NetlinkError> {
    let mut links = Vec::new();
    let ask = RouteNetlinkMessage::GetLink(LinkMessage::default());
    socket.dump_route(ask, "list links", |body| links.extend(parse_link(body)))?;
    Ok(links)
}

fn parse_link(body: &[u8]) -> Option<Link> {
    let message = LinkMessage::parse(body).ok()?;
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        alias: None,
        mtu: ETHERNET_MTU,
        group: 0,
        is_bridge: false,
        is_up: false,
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::IfAlias(alias) => link.alias = Some(alias),
            LinkAttribute::Mtu(mtu) => link.mtu = mtu,
            LinkAttribute::OperState(state) => link.is_up = state == State::Up,
            LinkAttribute::Group(group) => link.group = group,
            LinkAttribute::LinkInfo(infos) => {
                link.is_bridge = infos.contains(&LinkInfo::Kind(InfoKind::Bridge));
            }
            _ => {}
        }
    }
    Some(link)
}

/// The packet size of the link the default route leaves by.
pub(super) fn default_mtu(links: &[Link], routes: &Routes) -> u32 {
    let uplink = links.iter().find(|link| Some(link.index) == routes.default_link);
    uplink.map_or(ETHERNET_MTU, |link| link.mtu.clamp(1280, 65_535))
}

/// Bridges that Docker or Podman made: a container of ours may not enter them directly. The name
/// decides, because a bridge may also be the host's own uplink.
pub(super) fn foreign_bridges(links: &[Link]) -> Vec<String> {
    let is_foreign = |name: &str| {
        let is_docker_network = name
            .strip_prefix("br-")
            .is_some_and(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit()));
        let is_podman = name.strip_prefix("podman").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        name == "docker0" || is_docker_network || is_podman
    };
    links
        .iter()
        .filter(|link| link.is_bridge && is_foreign(&link.name))
        .map(|link| link.name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str, mtu: u32, is_bridge: bool) -> Link {
        Link { index, name: name.into(), alias: None, mtu, group: 0, is_bridge, is_up: true }
    }

    #[test]
    fn packets_are_as_large_as_the_uplink_carries() {
        let links = [link(1, "lo", 65_536, false), link(2, "eth0", 1450, false)];
        let routes = |default_link| Routes { destinations: vec![], default_link };
        assert_eq!(default_mtu(&links, &routes(Some(2))), 1450);
        assert_eq!(default_mtu(&links, &routes(None)), 1500);
    }

    #[test]
    fn only_bridges_of_other_engines_are_foreign() {
        let links = [
            link(1, "docker0", 1500, true),
            link(2, "br-0123456789ab", 1500, true),
            link(3, "br-lan", 1500, true),
            link(4, "br0", 1500, true),
            link(5, "podman0", 1500, true),
            link(6, "docker0", 1500, false),
        ];
        assert_eq!(foreign_bridges(&links), ["docker0", "br-0123456789ab", "podman0"]);
    }

    #[test]
    fn damaged_link_is_left_out() {
        assert_eq!(parse_link(&[]), None);
        assert_eq!(parse_link(&[1, 2, 3]), None);
    }
}
