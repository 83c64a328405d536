//! A container's interfaces: decided here, made on the host by [`connect()`], set up from within by
//! [`configure()`].

mod configure;
mod connect;

pub use configure::{ConfigureError, DNS_ADDRESS, configure, dns_sockets, extend, shrink};
pub use connect::{ConnectError, connect, settle};

use super::lease::Lease;
use super::options::{Attachment, ENDPOINT_SYSCTLS};
use super::record::{self, NetworkRecord};
use crate::state::Layout;
use crate::state::record::RecordError;
use engine_spec::{ContainerId, EndpointSpec};
use ipnet::IpNet;
use std::net::IpAddr;

/// One interface of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Tells the host's ends of one container's interfaces apart.
    pub number: usize,
    /// Its name inside: `eth0`.
    pub name: String,
    /// The link of the host that it is attached to: a bridge, or a parent.
    pub bridge: String,
    /// How it is attached.
    pub(super) attachment: Attachment,
    /// Whether it reaches nobody but the gateway.
    pub is_isolated: bool,
    /// Kernel settings of it, `IFNAME` standing for its name.
    pub sysctls: Vec<(String, String)>,
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
    let mut taken: Vec<_> =
        endpoints.iter().filter_map(|(endpoint, _)| endpoint.interface_name.clone()).collect();
    let mut interfaces = Vec::new();
    for (number, (endpoint, lease)) in endpoints.iter().enumerate() {
        let decided = one(layout, container, (endpoint, lease), number, &taken)?;
        taken.extend(decided.iter().map(|interface| interface.name.clone()));
        interfaces.extend(decided);
    }
    route(&mut interfaces, endpoints);
    Ok(interfaces)
}

/// Decides one interface beside those whose names are `taken`, without a default route; `None` if its network
/// is gone.
///
/// # Errors
/// If the network's record cannot be read.
pub fn one(
    layout: &Layout,
    container: &ContainerId,
    (endpoint, lease): (&EndpointSpec, &Lease),
    number: usize,
    taken: &[String],
) -> Result<Option<Interface>, RecordError> {
    let Some(record) = record::load(layout, &lease.network)? else { return Ok(None) };
    let mut interface = interface(&record, endpoint, lease, number);
    interface.name = endpoint
        .interface_name
        .clone()
        .unwrap_or_else(|| free_name(&record.options().interface_prefix, taken));
    interface.alias = format!("{}/{container}", record.alias());
    Ok(Some(interface))
}

/// The prefix with the lowest number that makes a new name of it.
fn free_name(prefix: &str, taken: &[String]) -> String {
    let mut names = (0..).map(|number: usize| format!("{prefix}{number}"));
    names.find(|name| !taken.contains(name)).expect("there are more numbers than interfaces")
}

/// Decides anew which of the interfaces is the way out; they are in the order of `endpoints`.
pub fn route(interfaces: &mut [Interface], endpoints: &[(EndpointSpec, Lease)]) {
    let way_out = way_out(endpoints);
    for (place, (interface, (_, lease))) in interfaces.iter_mut().zip(endpoints).enumerate() {
        let gateways = lease.addresses.iter().filter_map(|leased| leased.gateway);
        interface.gateways = gateways.filter(|_| way_out == Some(place)).collect();
    }
}

/// Docker's rule: the highest priority that has a gateway, then the first name.
fn way_out(endpoints: &[(EndpointSpec, Lease)]) -> Option<usize> {
    let with_gateway = endpoints.iter().enumerate().filter(|(_, (_, lease))| lease.has_gateway());
    let preferred = with_gateway
        .min_by_key(|(_, (endpoint, _))| (std::cmp::Reverse(endpoint.gateway_priority), &endpoint.network));
    preferred.map(|(number, _)| number)
}

fn interface(record: &NetworkRecord, endpoint: &EndpointSpec, lease: &Lease, number: usize) -> Interface {
    let options = record.options();
    let link_local = endpoint.link_local_ips.iter().map(|address| match address {
        IpAddr::V4(_) => IpNet::new(*address, LINK_LOCAL_BITS),
        IpAddr::V6(_) => IpNet::new(*address, LINK_LOCAL6_BITS),
    });
    let addresses = lease.addresses.iter().map(|leased| leased.net).chain(link_local.filter_map(Result::ok));
    Interface {
        number,
        name: String::new(),
        is_isolated: !options.is_open,
        sysctls: endpoint_sysctls(endpoint),
        bridge: record.bridge.clone(),
        group: record.group,
        mtu: record.mtu,
        mac: lease.mac,
        attachment: options.attachment,
        addresses: addresses.collect(),
        gateways: Vec::new(),
        alias: String::new(),
    }
}

/// Lengths of 169.254/16 and fe80::/64 (RFC 3927, RFC 4291).
const LINK_LOCAL_BITS: u8 = 16;
const LINK_LOCAL6_BITS: u8 = 64;

/// `net.ipv4.conf.IFNAME.log_martians=1,…`; what is no pair is passed over.
fn endpoint_sysctls(endpoint: &EndpointSpec) -> Vec<(String, String)> {
    let given = endpoint.driver_opts.get(ENDPOINT_SYSCTLS).map(String::as_str).unwrap_or_default();
    let pairs = given.split(',').filter_map(|pair| pair.trim().split_once('='));
    // Of an interface only: the others are of the whole container, and `sysctls` has rules for them.
    let is_of_interface = |key: &str| key.starts_with("net.") && key.contains(".IFNAME.");
    pairs
        .filter(|(key, _)| is_of_interface(key))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::lease::Leased;
    use super::*;

    fn endpoint(network: &str, gateway_priority: i32, has_gateway: bool) -> (EndpointSpec, Lease) {
        let network = engine_spec::NetworkName::new(network).expect("name");
        let lease = Lease {
            network: network.clone(),
            addresses: vec![Leased {
                net: "10.0.0.2/24".parse().expect("address"),
                gateway: has_gateway.then_some([10, 0, 0, 1].into()),
            }],
            mac: [2; 6],
        };
        let spec = EndpointSpec { gateway_priority, ..EndpointSpec::new(network) };
        (spec, lease)
    }

    #[test]
    fn name_has_the_lowest_number_that_is_free() {
        let taken = ["eth0", "eth2", "front0"].map(str::to_owned);
        assert_eq!(free_name("eth", &taken), "eth1");
        assert_eq!(free_name("lan", &taken), "lan0");
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
