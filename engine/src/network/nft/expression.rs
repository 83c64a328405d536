//! The expressions a rule is made of, as the kernel's virtual machine takes them.
//!
//! A rule is run from left to right; an expression that does not match ends it
//! (linux/netfilter/nf_tables.h; `nft --debug=netlink` prints the same for a ruleset in text).

use crate::network::attribute::Attributes;

/// A place for a value. [`Register::FULL`] is sixteen bytes, [`Register::word`] four of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Register(u32);

impl Register {
    /// Sixteen bytes: `reg 1`.
    pub(crate) const FULL: Self = Self(libc::NFT_REG_1 as u32);

    /// Four bytes: `reg32 n`. Words 0 to 3 are the same memory as [`Self::FULL`].
    pub(crate) const fn word(number: u32) -> Self {
        Self(libc::NFT_REG32_00 as u32 + number)
    }
}

/// What `meta` reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Meta {
    Mark = libc::NFT_META_MARK as u32,
    InputName = libc::NFT_META_IIFNAME as u32,
    OutputName = libc::NFT_META_OIFNAME as u32,
    Family = libc::NFT_META_NFPROTO as u32,
    Transport = libc::NFT_META_L4PROTO as u32,
}

/// What `ct` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Conntrack {
    State = libc::NFT_CT_STATE as u32,
    Status = libc::NFT_CT_STATUS as u32,
}

/// Which header an offset counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Base {
    Network = libc::NFT_PAYLOAD_NETWORK_HEADER as u32,
    Transport = libc::NFT_PAYLOAD_TRANSPORT_HEADER as u32,
}

/// Whose address a route lookup is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum FibOf {
    /// `NFTA_FIB_F_SADDR`.
    Source = 1,
    /// `NFTA_FIB_F_DADDR`.
    Destination = 2,
}

/// Which kind of addresses a packet has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum AddressFamily {
    Ipv4 = libc::NFPROTO_IPV4 as u32,
    Ipv6 = libc::NFPROTO_IPV6 as u32,
}

/// How a comparison must turn out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Compare {
    Equal = libc::NFT_CMP_EQ as u32,
    Different = libc::NFT_CMP_NEQ as u32,
}

/// What becomes of the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accept,
    Drop,
    Return,
    Jump(&'static str),
    Goto(&'static str),
}

/// One expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    Load(Meta, Register),
    Store(Meta, Register),
    LoadConntrack(Conntrack, Register),
    LoadPayload {
        base: Base,
        offset: u32,
        length: u32,
        into: Register,
    },
    /// Writes into the packet and corrects the checksum at `checksum`, counted from the same base.
    StorePayload {
        base: Base,
        offset: u32,
        length: u32,
        from: Register,
        checksum: u32,
    },
    Compare(Register, Compare, Vec<u8>),
    /// `into = from & mask ^ xor`, each of one word.
    Bitwise {
        register: Register,
        mask: [u8; 4],
        xor: [u8; 4],
    },
    Immediate(Register, Vec<u8>),
    /// Whether the register is in a set (`true`) or not.
    In(Register, &'static str, bool),
    /// Loads what a map has for the key.
    Map {
        key: Register,
        map: &'static str,
        into: Register,
    },
    /// Loads the kind (`RTN_LOCAL` …) of an address.
    LoadAddressKind(FibOf, Register),
    /// Counts packets up to a limit, and begins again: `numgen inc mod n`.
    CountModulo(u32, Register),
    DestinationNat {
        family: AddressFamily,
        address: Register,
        port: Register,
    },
    Masquerade,
    Counter,
    Verdict(Verdict),
}

mod kind {
    //! Attribute numbers of linux/netfilter/nf_tables.h.
    pub(super) const EXPR_NAME: u16 = 1;
    pub(super) const EXPR_DATA: u16 = 2;
    pub(super) const LIST_ELEM: u16 = 1;
    pub(super) const DATA_VALUE: u16 = 1;
    pub(super) const DATA_VERDICT: u16 = 2;
    pub(super) const VERDICT_CODE: u16 = 1;
    pub(super) const VERDICT_CHAIN: u16 = 2;
}

/// `NFT_FIB_RESULT_ADDRTYPE`.
const FIB_ADDRESS_KIND: u32 = 3;
/// `NFT_PAYLOAD_CSUM_INET`: the ones' complement sum of IP, TCP and UDP.
const CHECKSUM_INET: u32 = libc::NFT_PAYLOAD_CSUM_INET as u32;
const WORD: u32 = 4;

impl Expression {
    fn name(&self) -> &'static str {
        match self {
            Self::Load(..) | Self::Store(..) => "meta",
            Self::LoadConntrack(..) => "ct",
            Self::LoadPayload { .. } | Self::StorePayload { .. } => "payload",
            Self::Compare(..) => "cmp",
            Self::Bitwise { .. } => "bitwise",
            Self::Immediate(..) | Self::Verdict(_) => "immediate",
            Self::In(..) | Self::Map { .. } => "lookup",
            Self::LoadAddressKind(..) => "fib",
            Self::CountModulo(..) => "numgen",
            Self::DestinationNat { .. } => "nat",
            Self::Masquerade => "masq",
            Self::Counter => "counter",
        }
    }

    /// The attributes of this kind of expression, in the order of its enum in nf_tables.h.
    fn write(&self, to: &mut Attributes) {
        match self {
            Self::Load(key, into) => {
                to.number(1, into.0).number(2, *key as u32);
            }
            Self::Store(key, from) => {
                to.number(2, *key as u32).number(3, from.0);
            }
            Self::LoadConntrack(key, into) => {
                to.number(1, into.0).number(2, *key as u32);
            }
            Self::LoadPayload { base, offset, length, into } => {
                to.number(1, into.0).number(2, *base as u32).number(3, *offset).number(4, *length);
            }
            Self::StorePayload { base, offset, length, from, checksum } => {
                to.number(2, *base as u32).number(3, *offset).number(4, *length).number(5, from.0);
                to.number(6, CHECKSUM_INET).number(7, *checksum);
            }
            Self::Compare(register, operator, value) => {
                to.number(1, register.0)
                    .number(2, *operator as u32)
                    .nested(3, |data| write_value(data, value));
            }
            Self::Bitwise { register, mask, xor } => {
                to.number(1, register.0).number(2, register.0).number(3, WORD);
                to.nested(4, |data| write_value(data, mask)).nested(5, |data| write_value(data, xor));
            }
            Self::Immediate(into, value) => {
                to.number(1, into.0).nested(2, |data| write_value(data, value));
            }
            Self::In(key, set, is_member) => {
                to.string(1, set).number(2, key.0).number(5, u32::from(!is_member));
            }
            Self::Map { key, map, into } => {
                to.string(1, map).number(2, key.0).number(3, into.0);
            }
            Self::LoadAddressKind(of, into) => {
                to.number(1, into.0).number(2, FIB_ADDRESS_KIND).number(3, *of as u32);
            }
            Self::CountModulo(limit, into) => {
                to.number(1, into.0).number(2, *limit).number(3, libc::NFT_NG_INCREMENTAL as u32);
            }
            Self::DestinationNat { family, address, port } => {
                to.number(1, libc::NFT_NAT_DNAT as u32).number(2, *family as u32);
                to.number(3, address.0).number(5, port.0);
            }
            Self::Masquerade => {}
            Self::Counter => {
                to.long(1, 0).long(2, 0);
            }
            Self::Verdict(verdict) => {
                to.number(1, libc::NFT_REG_VERDICT as u32);
                to.nested(2, |data| write_verdict(data, verdict));
            }
        }
    }
}

fn write_value(to: &mut Attributes, value: &[u8]) {
    to.bytes(kind::DATA_VALUE, value);
}

fn write_verdict(to: &mut Attributes, verdict: &Verdict) {
    let (code, chain) = match verdict {
        Verdict::Accept => (libc::NF_ACCEPT, None),
        Verdict::Drop => (libc::NF_DROP, None),
        Verdict::Return => (libc::NFT_RETURN, None),
        Verdict::Jump(chain) => (libc::NFT_JUMP, Some(chain)),
        Verdict::Goto(chain) => (libc::NFT_GOTO, Some(chain)),
    };
    to.nested(kind::DATA_VERDICT, |verdict| {
        verdict.bytes(kind::VERDICT_CODE, &code.to_be_bytes());
        if let Some(chain) = chain {
            verdict.string(kind::VERDICT_CHAIN, chain);
        }
    });
}

/// Writes a rule's expressions as the list the kernel takes.
pub(super) fn write_list(to: &mut Attributes, expressions: &[Expression]) {
    for expression in expressions {
        to.nested(kind::LIST_ELEM, |element| {
            element.string(kind::EXPR_NAME, expression.name());
            element.nested(kind::EXPR_DATA, |data| expression.write(data));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compare_is_a_named_list_element_with_nested_data() {
        let mut written = Attributes::default();
        write_list(&mut written, &[Expression::Compare(Register::FULL, Compare::Equal, vec![0, 80])]);
        let expected: &[u8] = &[
            0x2c, 0, 1, 0x80, // list element
            8, 0, 1, 0, b'c', b'm', b'p', 0, // name
            0x20, 0, 2, 0x80, // data
            8, 0, 1, 0, 0, 0, 0, 1, // source register
            8, 0, 2, 0, 0, 0, 0, 0, // operator
            0x0c, 0, 3, 0x80, // value
            6, 0, 1, 0, 0, 80, 0, 0,
        ];
        assert_eq!(written.as_bytes(), expected);
    }
}
