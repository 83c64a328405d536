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

use super::nft::{
    Base, Chain, ChainKind, Compare, Conntrack, Element, Expression, Family, FibOf, Field, Hook, Meta,
    Register, Set, Table, Transaction, Verdict, comment, interface_key,
};
use engine_spec::{Protocol, PublishedPort};
use ipnet::Ipv4Net;
use std::net::{IpAddr, Ipv4Addr};

/// Kept with the table as its comment; a table of another version is replaced.
pub(super) const VERSION: &str = "lighter rules 1";
/// Says "allowed by lighter". Not one of the bits that netavark, Kubernetes, Tailscale or
/// WireGuard use; the reference lists them in section 3.4.
pub(super) const MARK: u32 = 1 << 26;

/// Early enough that the mark is there when other tables look (`filter` is 0).
const BEFORE_FILTER: i32 = -10;
const LOOPBACK: u8 = 127;
/// `RTN_LOCAL` of linux/rtnetlink.h.
const LOCAL: u32 = 2;
/// `NF_CT_STATE_BIT(IP_CT_ESTABLISHED | IP_CT_RELATED)` of nf_conntrack_common.h.
const ESTABLISHED_OR_RELATED: u32 = 0b110;
/// `IPS_DST_NAT`.
const DESTINATION_NAT: u32 = 1 << 5;
/// Offsets in the IPv4 header.
const SOURCE: u32 = 12;
const DESTINATION: u32 = 16;
const ADDRESS_BYTES: u32 = 4;
/// Offset and size of the destination port in every transport header.
const PORT: u32 = 2;
const PORT_BYTES: u32 = 2;

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
    let chains = chains();
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

fn chains() -> Vec<Chain> {
    vec![guard(), publish(), prerouting(), output(), postrouting(), allow(), forward()]
}

fn guard() -> Chain {
    Chain {
        name: "guard",
        hook: hook(ChainKind::Filter, libc::NF_INET_PRE_ROUTING, libc::NF_IP_PRI_RAW),
        rules: vec![
            rule([input_in(&BRIDGES), loopback(DESTINATION), verdict(Verdict::Drop)]),
            rule([input_in(&BRIDGES), loopback(SOURCE), verdict(Verdict::Drop)]),
        ],
    }
}

fn publish() -> Chain {
    Chain {
        name: "publish",
        hook: None,
        rules: vec![
            rule([vec![load_address(DESTINATION, 0)], forward_by(&ADDRESSED_PORTS, 1)]),
            rule([forward_by(&PORTS, 0)]),
        ],
    }
}

fn prerouting() -> Chain {
    Chain {
        name: "prerouting",
        hook: hook(ChainKind::Nat, libc::NF_INET_PRE_ROUTING, libc::NF_IP_PRI_NAT_DST),
        rules: vec![
            rule([loopback(DESTINATION), verdict(Verdict::Return)]),
            rule([is_ipv4(), is_local(FibOf::Destination), verdict(Verdict::Jump("publish"))]),
        ],
    }
}

fn output() -> Chain {
    Chain {
        name: "output",
        hook: hook(ChainKind::Nat, libc::NF_INET_LOCAL_OUT, libc::NF_IP_PRI_NAT_DST),
        rules: vec![rule([is_ipv4(), is_local(FibOf::Destination), verdict(Verdict::Jump("publish"))])],
    }
}

/// The last rule is for a container that reaches itself or a neighbour by a published port. It asks
/// for the subnet, not the interface: with br_netfilter the input interface is empty here.
fn postrouting() -> Chain {
    let masquerade = || vec![Expression::Masquerade];
    Chain {
        name: "postrouting",
        hook: hook(ChainKind::Nat, libc::NF_INET_POST_ROUTING, libc::NF_IP_PRI_NAT_SRC),
        rules: vec![
            rule([is_ipv4(), input_in(&MASQUERADED), output_in(&BRIDGES, false), masquerade()]),
            rule([
                is_ipv4(),
                output_in(&BRIDGES, true),
                is_published(),
                is_local(FibOf::Source),
                masquerade(),
            ]),
            rule([is_ipv4(), output_in(&BRIDGES, true), is_published(), is_from_ours(), masquerade()]),
        ],
    }
}

fn allow() -> Chain {
    Chain {
        name: "allow",
        hook: None,
        rules: vec![rule([
            vec![
                Expression::Load(Meta::Mark, Register::FULL),
                Expression::Bitwise {
                    register: Register::FULL,
                    mask: (!MARK).to_ne_bytes(),
                    xor: MARK.to_ne_bytes(),
                },
                Expression::Store(Meta::Mark, Register::FULL),
            ],
            verdict(Verdict::Accept),
        ])],
    }
}

fn forward() -> Chain {
    let allow = || verdict(Verdict::Goto("allow"));
    let drop = || verdict(Verdict::Drop);
    Chain {
        name: "forward",
        hook: hook(ChainKind::Filter, libc::NF_INET_FORWARD, BEFORE_FILTER),
        rules: vec![
            rule([is_within(), allow()]),
            rule([input_in(&INTERNAL), drop()]),
            rule([output_in(&INTERNAL, true), drop()]),
            rule([input_in(&BRIDGES), is_reply(), allow()]),
            rule([output_in(&BRIDGES, true), is_reply(), allow()]),
            rule([output_in(&BRIDGES, true), is_published(), allow()]),
            rule([output_in(&BRIDGES, true), drop()]),
            rule([input_in(&BRIDGES), output_in(&FOREIGN, true), drop()]),
            rule([input_in(&BRIDGES), allow()]),
        ],
    }
}

fn rule<const PARTS: usize>(parts: [Vec<Expression>; PARTS]) -> Vec<Expression> {
    parts.into_iter().flatten().collect()
}

#[expect(clippy::unnecessary_wraps, reason = "reads as the chain's field: a hook or none")]
fn hook(kind: ChainKind, number: i32, priority: i32) -> Option<Hook> {
    Some(Hook { kind, number, priority })
}

fn verdict(verdict: Verdict) -> Vec<Expression> {
    vec![Expression::Verdict(verdict)]
}

fn input_in(set: &Set) -> Vec<Expression> {
    vec![Expression::Load(Meta::InputName, Register::FULL), Expression::In(Register::FULL, set.name, true)]
}

fn output_in(set: &Set, is_member: bool) -> Vec<Expression> {
    vec![
        Expression::Load(Meta::OutputName, Register::FULL),
        Expression::In(Register::FULL, set.name, is_member),
    ]
}

/// From a bridge back into the same one.
fn is_within() -> Vec<Expression> {
    vec![
        Expression::Load(Meta::InputName, Register::FULL),
        Expression::Load(Meta::OutputName, Register::word(4)),
        Expression::In(Register::FULL, WITHIN.name, true),
    ]
}

fn is_ipv4() -> Vec<Expression> {
    vec![
        Expression::Load(Meta::Family, Register::FULL),
        Expression::Compare(Register::FULL, Compare::Equal, vec![libc::NFPROTO_IPV4 as u8]),
    ]
}

/// The address at `offset` is in 127/8.
fn loopback(offset: u32) -> Vec<Expression> {
    let first_byte = Expression::LoadPayload { base: Base::Network, offset, length: 1, into: Register::FULL };
    let compare = Expression::Compare(Register::FULL, Compare::Equal, vec![LOOPBACK]);
    rule([is_ipv4(), vec![first_byte, compare]])
}

fn is_local(of: FibOf) -> Vec<Expression> {
    vec![
        Expression::LoadAddressKind(of, Register::FULL),
        Expression::Compare(Register::FULL, Compare::Equal, LOCAL.to_ne_bytes().to_vec()),
    ]
}

fn is_from_ours() -> Vec<Expression> {
    vec![load_address(SOURCE, 0), Expression::In(Register::FULL, SUBNETS.name, true)]
}

fn is_reply() -> Vec<Expression> {
    has_conntrack_bit(Conntrack::State, ESTABLISHED_OR_RELATED)
}

fn is_published() -> Vec<Expression> {
    has_conntrack_bit(Conntrack::Status, DESTINATION_NAT)
}

fn has_conntrack_bit(key: Conntrack, bits: u32) -> Vec<Expression> {
    vec![
        Expression::LoadConntrack(key, Register::FULL),
        Expression::Bitwise { register: Register::FULL, mask: bits.to_ne_bytes(), xor: [0; 4] },
        Expression::Compare(Register::FULL, Compare::Different, vec![0; 4]),
    ]
}

fn load_address(offset: u32, word: u32) -> Expression {
    let into = Register::word(word);
    Expression::LoadPayload { base: Base::Network, offset, length: ADDRESS_BYTES, into }
}

/// Completes the key in words 0… with protocol and port from word `at` on, and rewrites the destination.
fn forward_by(map: &Set, at: u32) -> Vec<Expression> {
    vec![
        Expression::Load(Meta::Transport, Register::word(at)),
        Expression::LoadPayload {
            base: Base::Transport,
            offset: PORT,
            length: PORT_BYTES,
            into: Register::word(at + 1),
        },
        Expression::Map { key: Register::word(0), map: map.name, into: Register::word(0) },
        Expression::DestinationNat { address: Register::word(0), port: Register::word(1) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let chains = chains();
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
