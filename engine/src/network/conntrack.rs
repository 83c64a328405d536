//! The kernel's table of connections: which there are, and forgetting those that lead to where a port
//! no longer does (ctnetlink, linux/netfilter/nfnetlink_conntrack.h).
//!
//! Connections are found by listing all: some kernels around 6.8 refuse to filter while deleting.

use super::attribute::{Attributes, find};
use super::netlink::{Batch, NetlinkError, Socket, is_absent};
use super::port::Target;
use engine_spec::{Protocol, PublishedPort};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const SUBSYSTEM: u16 = (libc::NFNL_SUBSYS_CTNETLINK as u16) << 8;
/// `IPCTNL_MSG_CT_GET` and `_DELETE`.
const GET: u16 = SUBSYSTEM | 1;
const DELETE: u16 = SUBSYSTEM | 2;
/// `struct nfgenmsg`: family, version, resource id.
const HEADER_BYTES: usize = 4;
/// `IPS_DST_NAT`.
const DESTINATION_NAT: u32 = 1 << 5;
/// `TCP_CONNTRACK_SYN_SENT` to `_ESTABLISHED`: later states only wait for the end.
const OPEN_TCP: std::ops::RangeInclusive<u8> = 1..=3;

mod kind {
    //! `enum ctattr_type` and those nested below it.
    pub(super) const TUPLE_ORIGINAL: u16 = 1;
    pub(super) const TUPLE_REPLY: u16 = 2;
    pub(super) const STATUS: u16 = 3;
    pub(super) const PROTOCOL_INFO: u16 = 4;
    pub(super) const ID: u16 = 12;
    pub(super) const TUPLE_ADDRESSES: u16 = 1;
    pub(super) const TUPLE_PROTOCOL: u16 = 2;
    pub(super) const TCP_INFO: u16 = 1;
    pub(super) const TCP_STATE: u16 = 1;
}

/// One connection, or a flow of datagrams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) protocol: Protocol,
    /// Where the first packet was sent.
    asked: SocketAddr,
    /// Who answers.
    answers: SocketAddr,
    is_rewritten: bool,
    tcp_state: Option<u8>,
    /// To delete it by: its original tuple and id as the kernel gave them.
    identity: Vec<u8>,
    family: u8,
}

impl Flow {
    /// Whether it was sent to a published port.
    pub(super) fn came_to(&self, port: &PublishedPort) -> bool {
        self.protocol == port.protocol
            && self.asked.port() == port.host_port
            && self.asked.is_ipv4() == port.host_ip.is_ipv4()
            && (port.host_ip.is_unspecified() || port.host_ip == self.asked.ip())
    }

    /// Whether a container answers.
    pub(super) fn is_of(&self, target: Target) -> bool {
        match self.answers.ip() {
            IpAddr::V4(address) => target.ipv4 == Some(address),
            IpAddr::V6(address) => target.ipv6 == Some(address),
        }
    }

    /// Whether it reached who answers by a published port.
    pub(super) fn is_published(&self) -> bool {
        self.is_rewritten
    }

    /// Whether its two ends still talk, as far as the protocol shows.
    pub(super) fn is_open(&self) -> bool {
        self.tcp_state.is_some_and(|state| OPEN_TCP.contains(&state)) || self.protocol == Protocol::Sctp
    }
}

/// Calls `each` with every connection of this network namespace.
pub(super) fn list(mut each: impl FnMut(&Flow)) -> Result<(), NetlinkError> {
    let mut socket = Socket::netfilter()?;
    for family in [libc::AF_INET as u8, libc::AF_INET6 as u8] {
        socket.dump(GET, &[family, 0, 0, 0], "list connections", |body| {
            if let Some(flow) = parse(family, body.get(HEADER_BYTES..).unwrap_or_default()) {
                each(&flow);
            }
        })?;
    }
    Ok(())
}

/// Forgets connections, so that their next packet is looked at anew.
pub(super) fn forget(is_wanted: impl Fn(&Flow) -> bool) -> Result<(), NetlinkError> {
    let mut wanted = Vec::new();
    list(|flow| {
        if is_wanted(flow) {
            wanted.push(flow.clone());
        }
    })?;
    let mut socket = Socket::netfilter()?;
    for flow in wanted {
        let mut batch = Batch::default();
        let message = [&[flow.family, 0, 0, 0], &flow.identity[..]].concat();
        batch.push(DELETE, 0, &message, "forget a connection");
        match socket.send(&batch) {
            // It has ended meanwhile.
            Err(error) if is_absent(&error) => {}
            forgotten => forgotten?,
        }
    }
    Ok(())
}

fn parse(family: u8, attributes: &[u8]) -> Option<Flow> {
    let original = find(attributes, kind::TUPLE_ORIGINAL)?;
    let (protocol, _, asked) = parse_tuple(original)?;
    let (_, answers, _) = parse_tuple(find(attributes, kind::TUPLE_REPLY)?)?;
    let status = find(attributes, kind::STATUS).and_then(super::attribute::number).unwrap_or(0);
    let information = find(attributes, kind::PROTOCOL_INFO).and_then(|info| find(info, kind::TCP_INFO));
    let tcp_state = information.and_then(|info| find(info, kind::TCP_STATE)?.first().copied());
    let mut identity = Attributes::default();
    identity.nested(kind::TUPLE_ORIGINAL, |tuple| {
        tuple.raw(original);
    });
    if let Some(id) = find(attributes, kind::ID) {
        identity.bytes(kind::ID, id);
    }
    Some(Flow {
        protocol,
        asked,
        answers,
        is_rewritten: status & DESTINATION_NAT != 0,
        tcp_state,
        identity: identity.as_bytes().to_vec(),
        family,
    })
}

/// Protocol, source and destination of a tuple.
fn parse_tuple(tuple: &[u8]) -> Option<(Protocol, SocketAddr, SocketAddr)> {
    let addresses = find(tuple, kind::TUPLE_ADDRESSES)?;
    let transport = find(tuple, kind::TUPLE_PROTOCOL)?;
    let protocol = match find(transport, 1)?.first()? {
        6 => Protocol::Tcp,
        17 => Protocol::Udp,
        132 => Protocol::Sctp,
        _ => return None,
    };
    // `CTA_IP_V4_SRC` and `_DST` are 1 and 2, `CTA_IP_V6_SRC` and `_DST` 3 and 4.
    let address = |v4: u16, v6: u16| {
        let v4 =
            find(addresses, v4).and_then(|bytes| Some(Ipv4Addr::from(*bytes.first_chunk::<4>()?).into()));
        let v6 =
            || find(addresses, v6).and_then(|bytes| Some(Ipv6Addr::from(*bytes.first_chunk::<16>()?).into()));
        v4.or_else(v6)
    };
    // `CTA_PROTO_SRC_PORT` and `_DST_PORT`.
    let port = |kind| find(transport, kind)?.first_chunk().copied().map(u16::from_be_bytes);
    let source = SocketAddr::new(address(1, 3)?, port(2)?);
    let destination = SocketAddr::new(address(2, 4)?, port(3)?);
    Some((protocol, source, destination))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(source: [u8; 4], destination: [u8; 4], ports: (u16, u16)) -> Attributes {
        let mut tuple = Attributes::default();
        tuple.nested(kind::TUPLE_ADDRESSES, |to| {
            to.bytes(1, &source).bytes(2, &destination);
        });
        tuple.nested(kind::TUPLE_PROTOCOL, |to| {
            to.bytes(1, &[17]).bytes(2, &ports.0.to_be_bytes()).bytes(3, &ports.1.to_be_bytes());
        });
        tuple
    }

    #[test]
    fn flow_is_known_by_where_it_was_sent_and_who_answers() {
        let mut entry = Attributes::default();
        entry.nested(kind::TUPLE_ORIGINAL, |to| {
            to.raw(tuple([192, 0, 2, 1], [192, 0, 2, 2], (5000, 53)).as_bytes());
        });
        entry.nested(kind::TUPLE_REPLY, |to| {
            to.raw(tuple([10, 0, 0, 2], [192, 0, 2, 1], (5353, 5000)).as_bytes());
        });
        entry.number(kind::STATUS, DESTINATION_NAT);
        let flow = parse(2, entry.as_bytes()).expect("whole");
        let port = |host: [u8; 4], host_port| PublishedPort {
            host_ip: host.into(),
            host_port,
            target: 5353,
            protocol: Protocol::Udp,
        };
        assert!(flow.came_to(&port([0; 4], 53)) && flow.came_to(&port([192, 0, 2, 2], 53)));
        assert!(!flow.came_to(&port([0; 4], 54)) && !flow.came_to(&port([192, 0, 2, 3], 53)));
        assert!(flow.is_of(Target { ipv4: Some([10, 0, 0, 2].into()), ipv6: None }));
        assert!(flow.is_published() && !flow.is_open());
    }

    #[test]
    fn damaged_entry_is_left_out() {
        for bytes in [&[][..], &[1, 2, 3], &[255; 40]] {
            assert_eq!(parse(2, bytes), None);
        }
    }
}
