//! The host's side of a container's interfaces.

use super::Interface;
use crate::network::bridge::{index_of, remove_link, sysctls};
use crate::network::netlink::{Batch, NetlinkError, Socket};
use crate::network::options::Attachment;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{
    InfoBridgePort, InfoData, InfoPortData, InfoPortKind, InfoVeth, LinkAttribute, LinkMessage,
};
use rtnetlink::{LinkIpVlan, LinkMacVlan, LinkUnspec, LinkVeth};
use std::fs;

/// A container could not be attached to its networks.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A network has no bridge.
    #[error("bridge {bridge} does not exist")]
    NoBridge {
        /// Which.
        bridge: String,
    },
    /// The kernel refused.
    #[error("cannot make the container's interfaces")]
    Netlink(#[from] NetlinkError),
}

/// Makes the interfaces with their inner ends in the network namespace of process `pid`.
///
/// The inner end is born there: moving a link into a namespace costs 16 ms, this a third of one.
/// Both ends vanish with that namespace.
///
/// # Errors
/// Names the interface the kernel refused.
pub fn connect(pid: i32, interfaces: &[Interface]) -> Result<(), ConnectError> {
    if interfaces.is_empty() {
        return Ok(());
    }
    let mut socket = Socket::route()?;
    let batch = batch(pid, interfaces)?;
    match socket.send(&batch) {
        Err(error) if error.errno() == Some(libc::EEXIST) => {
            // The process id came round before the kernel had taken down the last one's links.
            for interface in interfaces {
                remove_link(&mut socket, &host_name(pid, interface.number))?;
            }
            Ok(socket.send(&batch)?)
        }
        other => Ok(other?),
    }
}

/// Waits for the kernel to have noticed that both ends are up, after [`super::configure()`].
///
/// It notices in the background, and until then the bridge drops what comes: the first packet of a
/// container would be lost, and sent again after a second. Since Linux 6.8 asking for the carrier makes
/// it look at once; before, this does nothing.
pub fn settle(pid: i32, interfaces: &[Interface]) {
    for interface in interfaces {
        // What is no cable has no host's end.
        let _ = fs::read(format!("/sys/class/net/{}/carrier", host_name(pid, interface.number)));
    }
}

fn batch(pid: i32, interfaces: &[Interface]) -> Result<Batch, ConnectError> {
    let mut batch = Batch::default();
    for interface in interfaces {
        let below = index_of(&interface.bridge)
            .ok_or_else(|| ConnectError::NoBridge { bridge: interface.bridge.clone() })?;
        let host_name = host_name(pid, interface.number);
        let step = format!("make interface {} for process {pid}", interface.name);
        let new = NLM_F_CREATE | NLM_F_EXCL;
        match &interface.attachment {
            Attachment::Bridge => {
                let pair = pair(pid, &host_name, interface, below);
                batch.push_route(RouteNetlinkMessage::NewLink(pair), new, step);
                let step = format!("set up interface {host_name}");
                batch.push_route(RouteNetlinkMessage::NewLink(port(&host_name, interface)), 0, step);
            }
            Attachment::Macvlan { mode, .. } => {
                let link = LinkMacVlan::new(&interface.name, below, *mode);
                let link = link.address(interface.mac.to_vec()).mtu(interface.mtu);
                let link = link.setns_by_pid(pid.unsigned_abs()).build();
                batch.push_route(RouteNetlinkMessage::NewLink(link), new, step);
            }
            Attachment::Ipvlan { mode, flags, .. } => {
                let link = LinkIpVlan::new(&interface.name, below, *mode).flag(*flags);
                let link = link.mtu(interface.mtu).setns_by_pid(pid.unsigned_abs()).build();
                batch.push_route(RouteNetlinkMessage::NewLink(link), new, step);
            }
        }
    }
    Ok(batch)
}

/// At most fifteen bytes: process ids have at most seven digits, six in base sixteen.
fn host_name(pid: i32, number: usize) -> String {
    format!("lv{pid:x}-{number}")
}

/// One queue each: since Linux 5.15 a veth has one per processor by default, which costs memory
/// and time and helps nobody here.
fn pair(pid: i32, host_name: &str, interface: &Interface, bridge: u32) -> LinkMessage {
    let inner = LinkUnspec::new_with_name(&interface.name)
        .setns_by_pid(pid.unsigned_abs())
        .address(interface.mac.to_vec())
        .mtu(interface.mtu)
        .append_extra_attribute(LinkAttribute::NumTxQueues(1))
        .append_extra_attribute(LinkAttribute::NumRxQueues(1))
        .build();
    LinkVeth::new(host_name, &interface.name)
        .set_info_data(InfoData::Veth(InfoVeth::Peer(inner)))
        .controller(bridge)
        .mtu(interface.mtu)
        .link_group(interface.group)
        .append_extra_attribute(LinkAttribute::NumTxQueues(1))
        .append_extra_attribute(LinkAttribute::NumRxQueues(1))
        .build()
}

/// Hairpin lets a container reach itself by its published port. Isolated ports reach only the bridge.
fn port(host_name: &str, interface: &Interface) -> LinkMessage {
    LinkUnspec::new_with_name(host_name)
        .up()
        .alias(&interface.alias)
        .append_extra_attribute(sysctls(&[]))
        .set_port_kind(InfoPortKind::Bridge)
        .set_port_data(InfoPortData::BridgePort(vec![
            InfoBridgePort::HairpinMode(true),
            InfoBridgePort::Isolated(interface.is_isolated),
        ]))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_name_fits_the_kernel() {
        assert!(host_name(4_194_304, 99).len() <= 15);
    }
}
