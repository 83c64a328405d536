//! The chains and their rules, in words that read like nft's.

use super::{
    BRIDGES, FOREIGN, INTERNAL, MARK, MASQUERADED, PORTS, PORTS6, REACHABLE, SHARED, SHARED6, SLOTS, SUBNETS,
    SUBNETS6, WITHIN,
};
use crate::network::nft::{
    AddressFamily, Base, Chain, ChainKind, Compare, Conntrack, Expression, FibOf, Hook, Meta, Register, Set,
    Verdict,
};
use std::net::Ipv6Addr;

/// Early enough that the mark is there when other tables look (`filter` is 0).
const BEFORE_FILTER: i32 = -10;
const LOOPBACK: u8 = 127;
/// `RTN_LOCAL` of linux/rtnetlink.h.
const LOCAL: u32 = 2;
/// `NF_CT_STATE_BIT(IP_CT_ESTABLISHED | IP_CT_RELATED)` of nf_conntrack_common.h.
const ESTABLISHED_OR_RELATED: u32 = 0b110;
/// `IPS_DST_NAT`.
const DESTINATION_NAT: u32 = 1 << 5;
/// Offset and size of the destination port in every transport header.
const PORT: u32 = 2;
const PORT_BYTES: u32 = 2;

/// All chains; one comes before those that jump to it.
pub(super) fn chains() -> Vec<Chain> {
    vec![guard(), publish(), prerouting(), output(), postrouting(), allow(), forward()]
}

fn guard() -> Chain {
    Chain {
        name: "guard",
        hook: hook(ChainKind::Filter, libc::NF_INET_PRE_ROUTING, libc::NF_IP_PRI_RAW),
        rules: vec![
            rule([input_in(&BRIDGES), loopback(IPV4.destination), verdict(Verdict::Drop)]),
            rule([input_in(&BRIDGES), loopback(IPV4.source), verdict(Verdict::Drop)]),
        ],
    }
}

fn publish() -> Chain {
    Chain {
        name: "publish",
        hook: None,
        rules: vec![
            rule([is(IPV4), own_address(IPV4), forward_by(IPV4, &PORTS)]),
            rule([is(IPV4), any_address(IPV4), forward_by(IPV4, &PORTS)]),
            rule([is(IPV4), own_address(IPV4), spread_by(IPV4, &SHARED)]),
            rule([is(IPV4), any_address(IPV4), spread_by(IPV4, &SHARED)]),
            rule([is(IPV6), own_address(IPV6), forward_by(IPV6, &PORTS6)]),
            rule([is(IPV6), any_address(IPV6), forward_by(IPV6, &PORTS6)]),
            rule([is(IPV6), own_address(IPV6), spread_by(IPV6, &SHARED6)]),
            rule([is(IPV6), any_address(IPV6), spread_by(IPV6, &SHARED6)]),
        ],
    }
}

fn prerouting() -> Chain {
    Chain {
        name: "prerouting",
        hook: hook(ChainKind::Nat, libc::NF_INET_PRE_ROUTING, libc::NF_IP_PRI_NAT_DST),
        rules: vec![
            rule([loopback(IPV4.destination), verdict(Verdict::Return)]),
            rule([is_local(FibOf::Destination), verdict(Verdict::Jump("publish"))]),
        ],
    }
}

fn output() -> Chain {
    Chain {
        name: "output",
        hook: hook(ChainKind::Nat, libc::NF_INET_LOCAL_OUT, libc::NF_IP_PRI_NAT_DST),
        rules: vec![
            rule([loopback6(), verdict(Verdict::Return)]),
            rule([is_local(FibOf::Destination), verdict(Verdict::Jump("publish"))]),
        ],
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
            rule([input_in(&MASQUERADED), output_in(&BRIDGES, false), masquerade()]),
            rule([output_in(&BRIDGES, true), is_published(), is_local(FibOf::Source), masquerade()]),
            rule([
                is(IPV4),
                output_in(&BRIDGES, true),
                is_published(),
                is_from(IPV4, &SUBNETS),
                masquerade(),
            ]),
            rule([
                is(IPV6),
                output_in(&BRIDGES, true),
                is_published(),
                is_from(IPV6, &SUBNETS6),
                masquerade(),
            ]),
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
            rule([output_in(&REACHABLE, true), allow()]),
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

fn is(protocol: InternetProtocol) -> Vec<Expression> {
    vec![
        Expression::Load(Meta::Family, Register::FULL),
        Expression::Compare(Register::FULL, Compare::Equal, vec![protocol.family as u8]),
    ]
}

/// The address at `offset` is in 127/8.
fn loopback(offset: u32) -> Vec<Expression> {
    let first_byte = Expression::LoadPayload { base: Base::Network, offset, length: 1, into: Register::FULL };
    let compare = Expression::Compare(Register::FULL, Compare::Equal, vec![LOOPBACK]);
    rule([is(IPV4), vec![first_byte, compare]])
}

/// To ::1, from which nothing can be forwarded: there the port's guard listens itself.
fn loopback6() -> Vec<Expression> {
    let whole = IPV6.load(IPV6.destination, 0);
    let compare = Expression::Compare(Register::FULL, Compare::Equal, Ipv6Addr::LOCALHOST.octets().to_vec());
    rule([is(IPV6), vec![whole, compare]])
}

fn is_local(of: FibOf) -> Vec<Expression> {
    vec![
        Expression::LoadAddressKind(of, Register::FULL),
        Expression::Compare(Register::FULL, Compare::Equal, LOCAL.to_ne_bytes().to_vec()),
    ]
}

fn is_from(protocol: InternetProtocol, subnets: &Set) -> Vec<Expression> {
    vec![protocol.load(protocol.source, 0), Expression::In(Register::FULL, subnets.name, true)]
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

/// Where a version of the Internet Protocol has its addresses.
#[derive(Debug, Clone, Copy)]
struct InternetProtocol {
    family: AddressFamily,
    source: u32,
    destination: u32,
    length: u32,
}

const IPV4: InternetProtocol =
    InternetProtocol { family: AddressFamily::Ipv4, source: 12, destination: 16, length: 4 };
const IPV6: InternetProtocol =
    InternetProtocol { family: AddressFamily::Ipv6, source: 8, destination: 24, length: 16 };

impl InternetProtocol {
    /// How many words an address takes.
    const fn words(self) -> u32 {
        self.length / 4
    }

    /// Loads an address into the words from `word` on.
    fn load(self, offset: u32, word: u32) -> Expression {
        let into = if word == 0 { Register::FULL } else { Register::word(word) };
        Expression::LoadPayload { base: Base::Network, offset, length: self.length, into }
    }
}

/// Begins a key with the address the packet is for.
fn own_address(protocol: InternetProtocol) -> Vec<Expression> {
    vec![protocol.load(protocol.destination, 0)]
}

/// Begins a key with the address that stands for every one.
fn any_address(protocol: InternetProtocol) -> Vec<Expression> {
    vec![Expression::Immediate(Register::FULL, vec![0; protocol.length as usize])]
}

/// Goes on with protocol and port.
fn protocol_and_port(protocol: InternetProtocol) -> Vec<Expression> {
    let after = protocol.words();
    let into = Register::word(after + 1);
    vec![
        Expression::Load(Meta::Transport, Register::word(after)),
        Expression::LoadPayload { base: Base::Transport, offset: PORT, length: PORT_BYTES, into },
    ]
}

/// Completes the key and rewrites the destination by what the map has for it.
fn forward_by(protocol: InternetProtocol, map: &Set) -> Vec<Expression> {
    rule([protocol_and_port(protocol), rewrite(protocol, map)])
}

/// The same with a slot: one connection after the other takes the next.
fn spread_by(protocol: InternetProtocol, map: &Set) -> Vec<Expression> {
    let slot = vec![Expression::CountModulo(SLOTS, Register::word(protocol.words() + 2))];
    rule([protocol_and_port(protocol), slot, rewrite(protocol, map)])
}

fn rewrite(protocol: InternetProtocol, map: &Set) -> Vec<Expression> {
    let (address, port) = (Register::word(0), Register::word(protocol.words()));
    vec![
        Expression::Map { key: Register::word(0), map: map.name, into: Register::word(0) },
        Expression::DestinationNat { family: protocol.family, address, port },
    ]
}
