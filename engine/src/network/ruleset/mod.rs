//! The firewall of one installation as data: one table whose rules never change. Networks are
//! elements of its sets, published ports elements of its maps.
//!
//! ```text
//! guard       (prerouting, raw)    from ours, to or from 127/8: drop
//! prerouting  (nat, dstnat)        to 127/8: return; to the host: publish
//! output      (nat, dstnat)        to the host: publish
//! publish                          address.protocol.port, then protocol.port -> container.port
//! postrouting (nat, srcnat)        out of a network: masquerade; host or own subnet -> published: masquerade
//! forward     (filter, early)      within a network, replies, published, outgoing: allow; else into ours: drop
//! allow                            mark one bit, accept
//! ```
//! The bit is for firewalls of others, where a drop wins over our accept (see [`super::firewall`]).
//! A port published on 127.0.0.1 only can be reached by no neighbour: packets from outside that are
//! addressed to 127/8 are never rewritten, and the kernel drops them as martians (moby #45610).

mod chains;

use super::nft::{Element, Family, Field, Set, Table, Transaction, comment, interface_key};
use engine_spec::{Protocol, PublishedPort};
use ipnet::Ipv4Net;
use std::net::{IpAddr, Ipv4Addr};

/// Kept with the table as its comment; a table of another version is replaced.
pub(super) const VERSION: &str = "lighter rules 1";
/// Says "allowed by lighter". Not one of the bits that netavark, Kubernetes, Tailscale or
/// WireGuard use; the reference lists them in section 3.4.
pub(super) const MARK: u32 = 1 << 26;

const BRIDGES: Set = set("bridges", &[Field::InterfaceName]);
const INTERNAL: Set = set("internal", &[Field::InterfaceName]);
const MASQUERADED: Set = set("masqueraded", &[Field::InterfaceName]);
const FOREIGN: Set = set("foreign", &[Field::InterfaceName]);
const WITHIN: Set = set("within", &[Field::InterfaceName, Field::InterfaceName]);
const SUBNETS: Set = Set { is_interval: true, ..set("subnets", &[Field::Ipv4Address]) };
const PORTS: Set =
    Set { data: &[Field::Ipv4Address, Field::Service], ..set("ports", &[Field::Protocol, Field::Service]) };
const ADDRESSED_PORTS: Set = Set {
    data: &[Field::Ipv4Address, Field::Service],
    ..set("addressed_ports", &[Field::Ipv4Address, Field::Protocol, Field::Service])
};
const SETS: [&Set; 8] =
    [&BRIDGES, &INTERNAL, &MASQUERADED, &FOREIGN, &WITHIN, &SUBNETS, &PORTS, &ADDRESSED_PORTS];

const fn set(name: &'static str, key: &'static [Field]) -> Set {
    Set { name, key, data: &[], is_interval: false }
}

/// The installation's table.
pub(super) fn table(instance: &str) -> Table<'_> {
    Table { family: Family::Inet, name: instance }
}

/// What the firewall needs to know of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its bridge.
    pub(super) bridge: String,
    /// Its subnet.
    pub(super) subnet: Ipv4Net,
    /// No way in or out.
    pub(super) is_internal: bool,
    /// Whether its containers leave with the host's address.
    pub(super) is_masqueraded: bool,
    /// Whether its containers reach each other.
    pub(super) is_open: bool,
}

/// A published port and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forwarding {
    /// The host's side.
    pub(super) port: PublishedPort,
    /// The container.
    pub(super) address: Ipv4Addr,
}

/// Set elements that stand for something, by set.
pub(super) type Elements = Vec<(&'static str, Vec<Element>)>;

impl Segment {
    /// The elements that stand for this network.
    pub(super) fn elements(&self) -> Elements {
        let name = interface_key(&self.bridge);
        let mut elements = vec![
            (BRIDGES.name, vec![Element::key(name.clone())]),
            (SUBNETS.name, Element::range(self.subnet).to_vec()),
        ];
        if self.is_internal {
            elements.push((INTERNAL.name, vec![Element::key(name.clone())]));
        } else if self.is_masqueraded {
            elements.push((MASQUERADED.name, vec![Element::key(name.clone())]));
        }
        if self.is_open {
            elements.push((WITHIN.name, vec![Element::key([name.clone(), name].concat())]));
        }
        elements
    }
}

impl Forwarding {
    /// The element that stands for this port; `None` for IPv6, which is not forwarded by the kernel.
    pub(super) fn element(&self) -> Option<(&'static str, Element)> {
        let IpAddr::V4(host) = self.port.host_ip else { return None };
        let protocol = [protocol_number(self.port.protocol), 0, 0, 0];
        let [high, low] = self.port.host_port.to_be_bytes();
        let service = [high, low, 0, 0];
        let [target_high, target_low] = self.port.target.to_be_bytes();
        let value = [self.address.octets(), [target_high, target_low, 0, 0]].concat();
        Some(if host.is_unspecified() {
            (PORTS.name, Element::pair([protocol, service].concat(), value))
        } else {
            (ADDRESSED_PORTS.name, Element::pair([host.octets(), protocol, service].concat(), value))
        })
    }

    /// The elements of several ports, by map.
    pub(super) fn elements(forwardings: &[Self]) -> Elements {
        [PORTS.name, ADDRESSED_PORTS.name]
            .into_iter()
            .map(|map| {
                let of_map = forwardings.iter().filter_map(Self::element).filter(|(name, _)| *name == map);
                (map, of_map.map(|(_, element)| element).collect())
            })
            .filter(|(_, elements): &(_, Vec<_>)| !elements.is_empty())
            .collect()
    }
}

/// Bridges of other engines, which our containers may not enter directly.
pub(super) fn foreign_elements(bridges: &[String]) -> Elements {
    vec![(FOREIGN.name, bridges.iter().map(|name| Element::key(interface_key(name))).collect())]
}

/// Adds the whole table, empty of networks and ports.
pub(super) fn install(transaction: &mut Transaction, table: Table<'_>) {
    transaction.add_table(table, &comment(VERSION));
    for set in SETS {
        transaction.add_set(table, set);
    }
    let chains = chains::chains();
    for chain in &chains {
        transaction.add_chain(table, chain);
    }
    for chain in &chains {
        for rule in &chain.rules {
            transaction.add_rule(table, chain.name, rule, None);
        }
    }
}

/// IPPROTO_* of a protocol.
fn protocol_number(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Sctp => 132,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::nft::{Expression, Verdict};

    fn forwarding(host: &str) -> Forwarding {
        let port = PublishedPort {
            host_ip: host.parse().expect("address"),
            host_port: 8080,
            target: 80,
            protocol: Protocol::Tcp,
        };
        Forwarding { port, address: Ipv4Addr::new(10, 1, 2, 3) }
    }

    #[test]
    fn port_on_every_address_is_keyed_by_protocol_and_port() {
        let (map, element) = forwarding("0.0.0.0").element().expect("IPv4");
        assert_eq!(map, "ports");
        assert_eq!(element, Element::pair(vec![6, 0, 0, 0, 31, 144, 0, 0], vec![10, 1, 2, 3, 0, 80, 0, 0]));
    }

    #[test]
    fn port_on_one_address_is_keyed_by_it() {
        let (map, element) = forwarding("127.0.0.1").element().expect("IPv4");
        assert_eq!(map, "addressed_ports");
        assert_eq!(element.key, [127, 0, 0, 1, 6, 0, 0, 0, 31, 144, 0, 0]);
    }

    #[test]
    fn internal_network_is_never_masqueraded() {
        let segment = Segment {
            bridge: "lt0".into(),
            subnet: "10.1.2.0/24".parse().expect("subnet"),
            is_internal: true,
            is_masqueraded: true,
            is_open: true,
        };
        let sets: Vec<_> = segment.elements().into_iter().map(|(set, _)| set).collect();
        assert_eq!(sets, ["bridges", "subnets", "internal", "within"]);
    }

    #[test]
    fn every_rule_names_sets_and_chains_that_exist() {
        let chains = chains::chains();
        for expression in chains.iter().flat_map(|chain| &chain.rules).flatten() {
            match expression {
                Expression::In(_, set, _) | Expression::Map { map: set, .. } => {
                    assert!(SETS.iter().any(|known| known.name == *set), "{set}");
                }
                Expression::Verdict(Verdict::Jump(chain) | Verdict::Goto(chain)) => {
                    assert!(chains.iter().any(|known| known.name == *chain), "{chain}");
                }
                _ => {}
            }
        }
    }
}
