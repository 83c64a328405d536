//! The chains and their rules, in words that read like nft's.

use super::{ADDRESSED_PORTS, BRIDGES, FOREIGN, INTERNAL, MARK, MASQUERADED, PORTS, SUBNETS, WITHIN};
use crate::network::nft::{
    Base, Chain, ChainKind, Compare, Conntrack, Expression, FibOf, Hook, Meta, Register, Set, Verdict,
};

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

/// All chains; one comes before those that jump to it.
pub(super) fn chains() -> Vec<Chain> {
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
            rule([is_ipv4(), vec![load_address(DESTINATION, 0)], forward_by(&ADDRESSED_PORTS, 1)]),
            rule([is_ipv4(), forward_by(&PORTS, 0)]),
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
