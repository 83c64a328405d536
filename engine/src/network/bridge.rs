//! The bridge of a network: a link that containers' interfaces are attached to, with the gateway's
//! address. Bridge and interfaces are in one link group, so that one message removes them all.

use super::attribute::Attributes;
use super::host::{self, Link};
use super::ipam::{Pool, mac_of};
use super::netlink::{Batch, NetlinkError, Socket};
use super::options::GatewayMode;
use super::record::NetworkRecord;
use ipnet::IpNet;
use rtnetlink::packet_core::{DefaultNla, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage};
use rtnetlink::packet_route::link::{LinkAttribute, LinkMessage};
use rtnetlink::{AddressMessageBuilder, LinkBridge, LinkUnspec};
use std::net::{Ipv4Addr, Ipv6Addr};

const IFLA_AF_SPEC: u16 = 26;
const NESTED: u16 = 1 << 15;
/// `IFLA_INET_CONF`: a number per sysctl below net.ipv4.conf.<link>.
const IFLA_INET_CONF: u16 = 1;
/// `IPV4_DEVCONF_*` of linux/ip.h.
const RP_FILTER: u16 = 8;
pub(super) const ROUTE_LOCALNET: u16 = 26;
/// `IFLA_INET6_ADDR_GEN_MODE` and `IN6_ADDR_GEN_MODE_NONE`.
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const NO_ADDRESS: u8 = 1;
/// As whom the bridge of a network with IPv6 asks where its neighbours are: to forward what came from outside
/// the kernel sends solicitations from a link-local address, or none at all (RFC 4861 section 7.2.2). One
/// address for all bridges, as it means something only on its link; it is Docker's, too.
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const LINK_LOCAL_BITS: u8 = 64;

/// Makes the bridge if it is missing, and sets it up as it should be in any case.
pub(super) fn ensure(
    socket: &mut Socket,
    record: &NetworkRecord,
    pools: &[Pool],
) -> Result<(), NetlinkError> {
    if index_of(&record.bridge).is_none() {
        create(socket, record, pools)?;
    }
    let mut batch = Batch::default();
    let set_up = LinkUnspec::new_with_name(&record.bridge)
        .up()
        .alias(record.alias())
        .append_extra_attribute(sysctls(&[(ROUTE_LOCALNET, 1), (RP_FILTER, 2)]))
        .build();
    let bridge = &record.bridge;
    batch.push_route(RouteNetlinkMessage::SetLink(set_up), 0, format!("set up bridge {bridge}"));
    let index = index_of(bridge).unwrap_or_default();
    let is_addressed = record.options().gateway_mode != GatewayMode::Isolated;
    for address in pools.iter().filter(|_| is_addressed).flat_map(addresses) {
        let step = format!("give {} to bridge {bridge}", address.addr());
        let message = RouteNetlinkMessage::NewAddress(address_message(index, address));
        batch.push_route(message, NLM_F_CREATE | NLM_F_REPLACE, step);
    }
    socket.send(&batch)
}

/// What a bridge is called in a subnet.
fn addresses(pool: &Pool) -> impl Iterator<Item = IpNet> {
    let gateway = IpNet::new(pool.gateway, pool.subnet.prefix_len()).unwrap_or(pool.subnet);
    let link_local = pool.gateway.is_ipv6().then(|| IpNet::new_assert(LINK_LOCAL.into(), LINK_LOCAL_BITS));
    [gateway].into_iter().chain(link_local)
}

/// The bridge has a hardware address of its own: without, it takes the lowest of its ports, and
/// neighbours lose it when that container ends.
fn create(socket: &mut Socket, record: &NetworkRecord, pools: &[Pool]) -> Result<(), NetlinkError> {
    let gateway = pools.first().map_or(Ipv4Addr::UNSPECIFIED.into(), |pool| pool.gateway);
    let link = LinkBridge::new(&record.bridge)
        .address(mac_of(gateway).to_vec())
        .mtu(record.mtu)
        .link_group(record.group)
        .build();
    let mut batch = Batch::default();
    let step = format!("make bridge {}", record.bridge);
    batch.push_route(RouteNetlinkMessage::NewLink(link), NLM_F_CREATE | NLM_F_EXCL, step);
    socket.send(&batch)
}

/// An address for a link. IPv6 addresses skip the search for duplicates, which takes 1.8 s: ours are
/// unique by lease.
pub(super) fn address_message(index: u32, address: IpNet) -> AddressMessage {
    match address {
        IpNet::V4(net) => AddressMessageBuilder::<Ipv4Addr>::new()
            .index(index)
            .address(net.addr(), net.prefix_len())
            .build(),
        IpNet::V6(net) => {
            let builder = AddressMessageBuilder::<Ipv6Addr>::new().index(index);
            let mut message = builder.address(net.addr(), net.prefix_len()).build();
            message.header.flags |= AddressHeaderFlags::Nodad;
            message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
            message
        }
    }
}

/// Settings of a link without a visit to /proc/sys; IPv6 addresses are not made up for it.
///
/// `IFLA_INET_CONF` is refused while a link is made, so this comes with a second message.
pub(super) fn sysctls(values: &[(u16, u32)]) -> LinkAttribute {
    let mut families = Attributes::default();
    if !values.is_empty() {
        families.nested(libc::AF_INET as u16, |inet| {
            inet.nested(IFLA_INET_CONF, |conf| {
                for (key, value) in values {
                    conf.bytes(*key, &value.to_ne_bytes());
                }
            });
        });
    }
    // A kernel that was started without IPv6 refuses to hear of it.
    if host::has_ipv6() {
        families.nested(libc::AF_INET6 as u16, |inet6| {
            inet6.bytes(IFLA_INET6_ADDR_GEN_MODE, &[NO_ADDRESS]);
        });
    }
    LinkAttribute::Other(DefaultNla::new(IFLA_AF_SPEC | NESTED, families.as_bytes().to_vec()))
}

/// Removes the bridge and the interfaces on it. Group numbers belong to nobody, so the group is
/// used only if every link in it is labelled as this network's.
pub(super) fn remove(socket: &mut Socket, record: &NetworkRecord) -> Result<(), NetlinkError> {
    let alias = record.alias();
    let is_ours = |link: &Link| link.alias.as_deref().is_some_and(|found| found.starts_with(&alias));
    let links = host::links(socket)?;
    let group: Vec<_> = links.iter().filter(|link| link.group == record.group).collect();
    if group.iter().all(|link| is_ours(link)) && !group.is_empty() {
        return remove_group(socket, record.group);
    }
    let mut ours = links.iter().filter(|link| is_ours(link) || link.name == record.bridge);
    ours.try_for_each(|link| remove_link(socket, &link.name))
}

/// The kernel waits once for all of them: 40 ms for fifty, where one by one costs 16 ms each.
fn remove_group(socket: &mut Socket, group: u32) -> Result<(), NetlinkError> {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::Group(group));
    let mut batch = Batch::default();
    batch.push_route(RouteNetlinkMessage::DelLink(message), 0, format!("remove the links of group {group}"));
    match socket.send(&batch) {
        Err(error) if super::netlink::is_absent(&error) => Ok(()),
        other => other,
    }
}

/// Removes one link.
pub(super) fn remove_link(socket: &mut Socket, name: &str) -> Result<(), NetlinkError> {
    let message = LinkUnspec::new_with_name(name).build();
    let mut batch = Batch::default();
    batch.push_route(RouteNetlinkMessage::DelLink(message), 0, format!("remove link {name}"));
    match socket.send(&batch) {
        Err(error) if super::netlink::is_absent(&error) => Ok(()),
        other => other,
    }
}

/// The index of a link of this network namespace.
pub(super) fn index_of(name: &str) -> Option<u32> {
    nix::net::if_::if_nametoindex(name).ok()
}
