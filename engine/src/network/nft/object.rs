//! Tables, chains, sets, rules and set elements, and their messages.

use super::expression::{Expression, write_list};
use crate::network::attribute::{Attributes, find, iterate, number, text};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address family a table works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Family {
    /// IPv4 and IPv6.
    Inet = 1,
    /// IPv4.
    Ip = 2,
    /// IPv6.
    Ip6 = 10,
}

/// A table by family and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table<'a> {
    pub(crate) family: Family,
    pub(crate) name: &'a str,
}

/// What a base chain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainKind {
    Filter,
    Nat,
}

/// Where the kernel calls a base chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hook {
    pub(crate) kind: ChainKind,
    /// `NF_INET_*`.
    pub(crate) number: i32,
    /// `NF_IP_PRI_*`: lower is earlier.
    pub(crate) priority: i32,
}

/// A chain and its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) name: &'static str,
    /// `None` for a chain that is only jumped to.
    pub(crate) hook: Option<Hook>,
    pub(crate) rules: Vec<Vec<Expression>>,
}

/// A field of a key or value, by nft's name for it.
///
/// The kernel keeps the number only for `nft list`; the values are nft's (libnftables, datatype.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Field {
    Ipv4Address = 7,
    Ipv6Address = 8,
    Protocol = 12,
    Service = 13,
    Mark = 19,
    InterfaceName = 41,
}

impl Field {
    /// Bytes before padding to whole words.
    const fn length(self) -> u32 {
        match self {
            Self::Ipv4Address | Self::Mark => 4,
            Self::Ipv6Address => 16,
            Self::Protocol => 1,
            Self::Service => 2,
            Self::InterfaceName => 16,
        }
    }
}

/// A set, or a map if it has data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) key: &'static [Field],
    pub(crate) data: &'static [Field],
    /// Whether its elements are the ends of ranges.
    pub(crate) is_interval: bool,
}

/// One element of a set or map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) key: Vec<u8>,
    pub(crate) data: Option<Vec<u8>>,
    /// Whether this is the first key after a range.
    pub(crate) is_end: bool,
}

impl Element {
    pub(crate) fn key(key: Vec<u8>) -> Self {
        Self { key, data: None, is_end: false }
    }

    pub(crate) fn pair(key: Vec<u8>, data: Vec<u8>) -> Self {
        Self { key, data: Some(data), is_end: false }
    }

    /// A subnet as the two ends of a range; the second is the first address after it.
    pub(crate) fn range(subnet: IpNet) -> [Self; 2] {
        let after = match subnet.broadcast() {
            IpAddr::V4(last) => address_key(Ipv4Addr::from(u32::from(last).wrapping_add(1)).into()),
            IpAddr::V6(last) => address_key(Ipv6Addr::from(u128::from(last).wrapping_add(1)).into()),
        };
        [Self::key(address_key(subnet.network())), Self { is_end: true, ..Self::key(after) }]
    }
}

/// An address as a key or value.
pub(crate) fn address_key(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// An interface's name as a key: sixteen bytes, filled up with NUL.
pub(crate) fn interface_key(name: &str) -> Vec<u8> {
    let mut key = name.as_bytes().to_vec();
    key.resize(Field::InterfaceName.length() as usize, 0);
    key
}

/// Type number and length of a concatenation: six bits per field, each padded to a word.
fn describe(fields: &[Field]) -> (u32, u32) {
    let number = fields.iter().fold(0, |number, field| (number << 6) | *field as u32);
    match fields {
        [only] => (number, only.length()),
        several => (number, several.iter().map(|field| field.length().next_multiple_of(4)).sum()),
    }
}

pub(super) fn table(table: Table<'_>, userdata: &[u8]) -> Attributes {
    let mut to = Attributes::default();
    to.string(1, table.name).number(2, 0);
    if !userdata.is_empty() {
        to.bytes(6, userdata);
    }
    to
}

pub(super) fn chain(table: Table<'_>, chain: &Chain) -> Attributes {
    let mut to = Attributes::default();
    to.string(1, table.name).string(3, chain.name);
    if let Some(hook) = chain.hook {
        to.nested(4, |to| {
            to.bytes(1, &hook.number.to_be_bytes()).bytes(2, &hook.priority.to_be_bytes());
        });
        to.number(5, libc::NF_ACCEPT as u32);
        to.string(
            7,
            match hook.kind {
                ChainKind::Filter => "filter",
                ChainKind::Nat => "nat",
            },
        );
    }
    to
}

pub(super) fn rule(
    table: Table<'_>,
    chain: &str,
    expressions: &[Expression],
    userdata: Option<&[u8]>,
) -> Attributes {
    let mut to = Attributes::default();
    to.string(1, table.name).string(2, chain).nested(4, |to| write_list(to, expressions));
    if let Some(userdata) = userdata {
        to.bytes(7, userdata);
    }
    to
}

/// Names a rule by its handle.
pub(super) fn rule_handle(table: Table<'_>, chain: &str, handle: u64) -> Attributes {
    let mut to = Attributes::default();
    to.string(1, table.name).string(2, chain).long(3, handle);
    to
}

pub(super) fn set(table: Table<'_>, set: &Set, id: u32) -> Attributes {
    let mut flags = 0;
    if !set.data.is_empty() {
        flags |= libc::NFT_SET_MAP as u32;
    }
    if set.is_interval {
        flags |= libc::NFT_SET_INTERVAL as u32;
    }
    let (key_type, key_length) = describe(set.key);
    let mut to = Attributes::default();
    to.string(1, table.name).string(2, set.name).number(3, flags).number(4, key_type).number(5, key_length);
    if !set.data.is_empty() {
        let (data_type, data_length) = describe(set.data);
        to.number(6, data_type).number(7, data_length);
    }
    to.number(10, id).bytes(13, &key_byte_order(set));
    to
}

/// Tells `nft list` how to print the keys: `NFTNL_UDATA_SET_KEYBYTEORDER` (libnftnl, udata.h),
/// 1 for the host's order, as interface names are kept, 2 for the network's.
fn key_byte_order(set: &Set) -> [u8; 6] {
    let order: u32 = if set.key == [Field::InterfaceName] { 1 } else { 2 };
    let [a, b, c, d] = order.to_ne_bytes();
    [0, 4, a, b, c, d]
}

pub(super) fn elements(table: Table<'_>, set: &str, elements: &[Element]) -> Attributes {
    let mut to = Attributes::default();
    to.string(1, table.name).string(2, set).nested(3, |list| {
        for element in elements {
            list.nested(1, |to| write_element(to, element));
        }
    });
    to
}

fn write_element(to: &mut Attributes, element: &Element) {
    if element.is_end {
        to.number(3, libc::NFT_SET_ELEM_INTERVAL_END as u32);
    }
    to.nested(1, |value| {
        value.bytes(1, &element.key);
    });
    if let Some(data) = &element.data {
        to.nested(2, |value| {
            value.bytes(1, data);
        });
    }
}

/// An element of a dump.
pub(super) fn read_element(attributes: &[u8]) -> Option<Element> {
    let value = |kind| find(attributes, kind).and_then(|data| find(data, 1)).map(<[u8]>::to_vec);
    let flags = find(attributes, 3).and_then(number).unwrap_or(0);
    let is_end = flags & libc::NFT_SET_ELEM_INTERVAL_END as u32 != 0;
    Some(Element { key: value(1)?, data: value(2), is_end })
}

/// A rule's comment as nft and iptables-nft keep it: `NFTNL_UDATA_RULE_COMMENT`, length, text, NUL.
pub(crate) fn comment(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len() + 1).unwrap_or(u8::MAX);
    [&[0, length], text.as_bytes(), &[0]].concat()
}

/// Whether a rule of a dump has this comment: nft's, ours, or that of the `comment` match that
/// iptables-restore makes of either.
pub(super) fn has_comment(rule: &[u8], wanted: &str) -> bool {
    let expressions = iterate(find(rule, 4).unwrap_or_default()).map(|(_, expression)| expression);
    find(rule, 7) == Some(&comment(wanted))
        || expressions.filter_map(comment_match).any(|found| found == wanted)
}

/// The text of a `comment` match (linux/netfilter/xt_comment.h: 256 bytes with zeros at the end).
fn comment_match(expression: &[u8]) -> Option<&str> {
    let data = find(expression, 2).filter(|_| find(expression, 1).map(text) == Some("match"))?;
    let written = find(data, 3).filter(|_| find(data, 1).map(text) == Some("comment"))?;
    std::str::from_utf8(written.split(|byte| *byte == 0).next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concatenated_key_is_padded_per_field() {
        assert_eq!(describe(&[Field::Protocol, Field::Service]), ((12 << 6) | 13, 8));
        assert_eq!(describe(&[Field::InterfaceName]), (41, 16));
    }

    #[test]
    fn comment_is_found_in_the_form_of_nft_and_in_that_of_iptables() {
        let mut own = Attributes::default();
        own.bytes(7, &comment("lighter-1"));
        let mut restored = Attributes::default();
        restored.nested(4, |list| {
            list.nested(1, |expression| {
                expression.string(1, "match").nested(2, |data| {
                    let mut written = b"lighter-1".to_vec();
                    written.resize(256, 0);
                    data.string(1, "comment").number(2, 0).bytes(3, &written);
                });
            });
        });
        for rule in [&own, &restored] {
            assert!(has_comment(rule.as_bytes(), "lighter-1"));
            assert!(!has_comment(rule.as_bytes(), "lighter-12"));
        }
        assert!(!has_comment(&[], "lighter-1"));
    }

    #[test]
    fn range_ends_after_the_last_address() {
        let [start, end] = Element::range("10.1.2.0/24".parse().expect("subnet"));
        assert_eq!((start.key, start.is_end), (vec![10, 1, 2, 0], false));
        assert_eq!((end.key, end.is_end), (vec![10, 1, 3, 0], true));
    }
}
