//! The firewall of one installation as data: one table whose rules never change. Networks are
//! elements of its sets, published ports elements of its maps ([`forwarding`]).
//!
//! ```text
//! guard       (prerouting, raw)    from ours, to or from 127/8: drop
//! prerouting  (nat, dstnat)        to 127/8: return; to the host: publish
//! output      (nat, dstnat)        to the host: publish
//! publish                          address.protocol.port -> container.port; shared: address.protocol.port.slot
//! postrouting (nat, srcnat)        out of a network: masquerade; host or own subnet -> published: masquerade
//! forward     (filter, early)      within a network, replies, published, outgoing: allow; else into ours: drop
//! allow                            mark one bit, accept
//! ```
//! The bit is for firewalls of others, where a drop wins over our accept (see [`super::firewall`]).
//! A port published on 127.0.0.1 only can be reached by no neighbour: packets from outside that are
//! addressed to 127/8 are never rewritten, and the kernel drops them as martians (moby #45610).

mod chains;
mod forwarding;

pub(super) use forwarding::Forwarding;

use forwarding::SLOTS;

use super::nft::{Element, Family, Field, Set, Table, Transaction, comment, interface_key};
use ipnet::IpNet;

/// Kept with the table as its comment; a table of another version is replaced.
pub(super) const VERSION: &str = "lighter rules 2";
/// Says "allowed by lighter". Not one of the bits that netavark, Kubernetes, Tailscale or
/// WireGuard use; the reference lists them in section 3.4.
pub(super) const MARK: u32 = 1 << 26;

const BRIDGES: Set = set("bridges", &[Field::InterfaceName]);
const INTERNAL: Set = set("internal", &[Field::InterfaceName]);
const MASQUERADED: Set = set("masqueraded", &[Field::InterfaceName]);
const REACHABLE: Set = set("reachable", &[Field::InterfaceName]);
const FOREIGN: Set = set("foreign", &[Field::InterfaceName]);
const WITHIN: Set = set("within", &[Field::InterfaceName, Field::InterfaceName]);
const SUBNETS: Set = Set { is_interval: true, ..set("subnets", &[Field::Ipv4Address]) };
const SUBNETS6: Set = Set { is_interval: true, ..set("subnets6", &[Field::Ipv6Address]) };
const PORTS: Set = Set {
    data: &[Field::Ipv4Address, Field::Service],
    ..set("ports", &[Field::Ipv4Address, Field::Protocol, Field::Service])
};
const PORTS6: Set = Set {
    data: &[Field::Ipv6Address, Field::Service],
    ..set("ports6", &[Field::Ipv6Address, Field::Protocol, Field::Service])
};
const SHARED: Set = Set {
    data: PORTS.data,
    ..set("shared_ports", &[Field::Ipv4Address, Field::Protocol, Field::Service, Field::Mark])
};
const SHARED6: Set = Set {
    data: PORTS6.data,
    ..set("shared_ports6", &[Field::Ipv6Address, Field::Protocol, Field::Service, Field::Mark])
};
const SETS: [&Set; 12] = [
    &BRIDGES,
    &INTERNAL,
    &MASQUERADED,
    &REACHABLE,
    &FOREIGN,
    &WITHIN,
    &SUBNETS,
    &SUBNETS6,
    &PORTS,
    &PORTS6,
    &SHARED,
    &SHARED6,
];

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
    /// Its subnets.
    pub(super) subnets: Vec<IpNet>,
    /// No way in or out.
    pub(super) is_internal: bool,
    /// Whether its containers leave with the host's address.
    pub(super) is_masqueraded: bool,
    /// Whether its containers reach each other.
    pub(super) is_open: bool,
    /// Whether who has a route reaches every port.
    pub(super) is_reachable: bool,
}

/// Set elements that stand for something, by set.
pub(super) type Elements = Vec<(&'static str, Vec<Element>)>;

impl Segment {
    /// The elements that stand for this network.
    pub(super) fn elements(&self) -> Elements {
        let name = interface_key(&self.bridge);
        let mut elements = vec![(BRIDGES.name, vec![Element::key(name.clone())])];
        elements.extend(self.subnets.iter().map(|subnet| {
            let set = if matches!(subnet, IpNet::V4(_)) { &SUBNETS } else { &SUBNETS6 };
            (set.name, Element::range(*subnet).to_vec())
        }));
        if self.is_internal {
            elements.push((INTERNAL.name, vec![Element::key(name.clone())]));
        } else if self.is_masqueraded {
            elements.push((MASQUERADED.name, vec![Element::key(name.clone())]));
        }
        if self.is_reachable {
            elements.push((REACHABLE.name, vec![Element::key(name.clone())]));
        }
        if self.is_open {
            elements.push((WITHIN.name, vec![Element::key([name.clone(), name].concat())]));
        }
        elements
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::nft::{Expression, Verdict};

    #[test]
    fn internal_network_is_never_masqueraded() {
        let segment = Segment {
            bridge: "lt0".into(),
            subnets: vec!["10.1.2.0/24".parse().expect("subnet"), "fd00::/64".parse().expect("subnet")],
            is_internal: true,
            is_masqueraded: true,
            is_open: true,
            is_reachable: false,
        };
        let sets: Vec<_> = segment.elements().into_iter().map(|(set, _)| set).collect();
        assert_eq!(sets, ["bridges", "subnets", "subnets6", "internal", "within"]);
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
