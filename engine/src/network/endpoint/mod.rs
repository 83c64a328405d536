//! A container's interfaces: decided here, made on the host by [`connect()`], set up from within by
//! [`configure()`].

mod configure;
mod connect;

pub use configure::{ConfigureError, DNS_ADDRESS, configure, dns_sockets};
pub use connect::{ConnectError, connect};

use super::lease::Lease;
use super::record::{self, NetworkRecord};
use crate::state::Layout;
use crate::state::record::RecordError;
use engine_spec::{ContainerId, EndpointSpec};
use ipnet::{IpNet, Ipv4Net};
use std::net::IpAddr;

/// One interface of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name inside: `eth0`.
    pub name: String,
    /// The bridge it is attached to.
    pub bridge: String,
    /// The link group of its network.
    pub group: u32,
    /// The largest packet it carries.
    pub mtu: u32,
    /// Its hardware address.
    pub mac: [u8; 6],
    /// Its addresses with the subnet's length.
    pub addresses: Vec<IpNet>,
    /// Default routes through it; empty unless it is the way out.
    pub gateways: Vec<IpAddr>,
    /// What the host's end is labelled with, to find its owner after a crash.
    pub alias: String,
}

/// Decides names and default route of a container's interfaces, in the order of `endpoints`.
///
/// # Errors
/// If a network's record cannot be read.
pub fn interfaces(
    layout: &Layout,
    container: &ContainerId,
    endpoints: &[(EndpointSpec, Lease)],
) -> Result<Vec<Interface>, RecordError> {
    let way_out = way_out(endpoints);
    let numbered = endpoints.iter().enumerate();
    let interfaces = numbered.map(|(number, (endpoint, lease))| {
        let Some(record) = record::load(layout, &lease.network)? else { return Ok(None) };
        let mut interface = interface(&record, endpoint, lease, number);
        interface.alias = format!("{}/{container}", record.alias());
        if way_out == Some(number) {
            interface.gateways.extend(lease.gateway.map(IpAddr::V4));
        }
        Ok(Some(interface))
    });
    interfaces.filter_map(Result::transpose).collect()
}

/// Docker's rule: the highest priority that has a gateway, then the first name.
fn way_out(endpoints: &[(EndpointSpec, Lease)]) -> Option<usize> {
    let with_gateway = endpoints.iter().enumerate().filter(|(_, (_, lease))| lease.gateway.is_some());
    let preferred = with_gateway
        .min_by_key(|(_, (endpoint, _))| (std::cmp::Reverse(endpoint.gateway_priority), &endpoint.network));
    preferred.map(|(number, _)| number)
}

fn interface(record: &NetworkRecord, endpoint: &EndpointSpec, lease: &Lease, number: usize) -> Interface {
    let address = Ipv4Net::new(lease.address, lease.prefix).map(IpNet::V4);
    Interface {
        name: endpoint.interface_name.clone().unwrap_or_else(|| format!("eth{number}")),
        bridge: record.bridge.clone(),
        group: record.group,
        mtu: record.mtu,
        mac: lease.mac,
        addresses: address.into_iter().collect(),
        gateways: Vec::new(),
        alias: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn endpoint(network: &str, gateway_priority: i32, has_gateway: bool) -> (EndpointSpec, Lease) {
        let network = engine_spec::NetworkName::new(network).expect("name");
        let lease = Lease {
            network: network.clone(),
            address: Ipv4Addr::new(10, 0, 0, 2),
            prefix: 24,
            gateway: has_gateway.then_some(Ipv4Addr::new(10, 0, 0, 1)),
            mac: [2; 6],
        };
        let spec = EndpointSpec { gateway_priority, ..EndpointSpec::new(network) };
        (spec, lease)
    }

    #[test]
    fn way_out_is_by_priority_then_name_and_never_internal() {
        let back = || endpoint("back", 0, true);
        let front = |priority| endpoint("front", priority, true);
        assert_eq!(way_out(&[front(0), back()]), Some(1));
        assert_eq!(way_out(&[front(1), back()]), Some(0));
        assert_eq!(way_out(&[endpoint("a", 9, false), back()]), Some(1));
        assert_eq!(way_out(&[endpoint("a", 9, false)]), None);
    }
}
