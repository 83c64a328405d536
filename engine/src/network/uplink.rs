//! The link of the host that macvlan and ipvlan interfaces are made on: one that is there, a VLAN
//! interface that is made for the network (`eth0.10`), or without a parent a link that leads nowhere.

use super::bridge::{index_of, remove_link};
use super::host;
use super::netlink::{Batch, NetlinkError, Socket};
use super::record::NetworkRecord;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::{LinkDummy, LinkUnspec, LinkVlan};

/// The highest VLAN number there is (IEEE 802.1Q: 4095 is reserved).
const LAST_VLAN: u16 = 4094;

/// A link could not be used as a parent.
#[derive(Debug, thiserror::Error)]
pub enum UplinkError {
    /// There is none of that name, and it is no VLAN of one that there is.
    #[error(
        "parent {parent} does not exist: name a link of this host, or `<link>.<number>` for a VLAN on it"
    )]
    Missing {
        /// Which.
        parent: String,
    },
    /// The kernel refused.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
}

/// Makes what is to be made of the uplink.
pub(super) fn ensure(
    socket: &mut Socket,
    record: &NetworkRecord,
    parent: Option<&str>,
) -> Result<(), UplinkError> {
    let name = &record.bridge;
    if index_of(name).is_some() {
        return Ok(());
    }
    let link = match parent {
        None => LinkDummy::new(name).link_group(record.group).build(),
        Some(parent) => {
            let missing = || UplinkError::Missing { parent: parent.to_owned() };
            let (base, number) = vlan_of(parent).ok_or_else(missing)?;
            let base = index_of(base).ok_or_else(missing)?;
            LinkVlan::new(name, base, number).link_group(record.group).build()
        }
    };
    let mut batch = Batch::default();
    let step = format!("make the parent link {name}");
    batch.push_route(RouteNetlinkMessage::NewLink(link), NLM_F_CREATE | NLM_F_EXCL, step);
    let up = LinkUnspec::new_with_name(name).up().alias(record.alias()).build();
    batch.push_route(RouteNetlinkMessage::SetLink(up), 0, format!("bring the parent link {name} up"));
    Ok(socket.send(&batch)?)
}

/// Link and number of `eth0.10`.
fn vlan_of(parent: &str) -> Option<(&str, u16)> {
    let (base, number) = parent.rsplit_once('.')?;
    let number = number.parse().ok().filter(|number| (1..=LAST_VLAN).contains(number))?;
    Some((base, number))
}

/// Removes the uplink if it was made for this network; a link of the host stays.
pub(super) fn remove(socket: &mut Socket, record: &NetworkRecord) -> Result<(), NetlinkError> {
    let alias = record.alias();
    let links = host::links(socket)?;
    let is_ours =
        links.iter().any(|link| link.name == record.bridge && link.alias.as_deref() == Some(&alias));
    if is_ours { remove_link(socket, &record.bridge) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vlan_is_named_by_link_and_number() {
        assert_eq!(vlan_of("eth0.10"), Some(("eth0", 10)));
        assert_eq!(vlan_of("br.lan.4094"), Some(("br.lan", 4094)));
        for other in ["eth0", "eth0.0", "eth0.4095", "eth0.x"] {
            assert_eq!(vlan_of(other), None, "{other}");
        }
    }
}
