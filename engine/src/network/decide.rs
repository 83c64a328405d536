//! What a new network is to be: its subnet, bridge, group and packet size, from what the host has.

use super::ipam::{Holder, IpamError, Pool, Taken};
use super::netlink::Socket;
use super::record::{self, NetworkRecord};
use super::{NetworkError, host, ipam, resolv_conf};
use crate::state::Layout;
use engine_spec::{ContainerId, IpamPool, NetworkDriver, NetworkSpec};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::time::SystemTime;

const HOST_RESOLV_CONF: &str = "/etc/resolv.conf";
const MACHINE_ID: &str = "/etc/machine-id";
const RANDOM: &str = "/dev/urandom";

/// Chooses what the spec leaves open.
pub(super) fn decide(layout: &Layout, spec: &NetworkSpec) -> Result<NetworkRecord, NetworkError> {
    let mut socket = Socket::route()?;
    let routes = host::routes(&mut socket)?;
    let links = host::links(&mut socket)?;
    let mut spec = spec.clone();
    let used = used_subnets(layout, &routes)?;
    // A macvlan is a part of the network its parent is in, so it may have its subnet.
    let is_exclusive = spec.driver == NetworkDriver::Bridge;
    complete_pools(&mut spec, &used, is_exclusive)?;
    let mut random = [0; 32];
    let read = File::open(RANDOM).and_then(|mut file| file.read_exact(&mut random));
    read.map_err(|source| NetworkError::Store { path: RANDOM.into(), source })?;
    let id = ContainerId::from_random(random);
    let record = NetworkRecord::new(spec, id, SystemTime::now(), host::default_mtu(&links, &routes))?;
    let is_bridge = record.spec.driver == NetworkDriver::Bridge;
    if !record::is_link_name(&record.bridge) {
        return Err(NetworkError::BadBridgeName { bridge: record.bridge });
    }
    if is_bridge && links.iter().any(|link| link.name == record.bridge) {
        return Err(NetworkError::ForeignLink { bridge: record.bridge, network: record.spec.name });
    }
    Ok(record)
}

/// What a new network must stay away from: other networks (whose bridges may be missing now), routes, and
/// the host's name servers.
fn used_subnets(layout: &Layout, routes: &host::Routes) -> Result<Vec<Taken>, NetworkError> {
    let mut used = Vec::new();
    for record in record::list(layout)? {
        let by = Holder::Network(record.spec.name.clone());
        used.extend(record.pools()?.into_iter().map(|pool| Taken { subnet: pool.subnet, by: by.clone() }));
    }
    used.extend(routes.destinations.iter().map(|subnet| Taken { subnet: *subnet, by: Holder::Route }));
    let host_file = fs::read_to_string(HOST_RESOLV_CONF).unwrap_or_default();
    let servers = resolv_conf::servers(&host_file).into_iter().map(IpNet::from);
    used.extend(servers.map(|subnet| Taken { subnet, by: Holder::NameServer }));
    Ok(used)
}

/// Chooses a subnet for each family that has none, checks those there are, fills in their gateways.
/// Pools of a family that is turned off are dropped, as Docker does.
fn complete_pools(spec: &mut NetworkSpec, used: &[Taken], is_exclusive: bool) -> Result<(), NetworkError> {
    let (ipv4, ipv6) = (spec.enable_ipv4, spec.enable_ipv6);
    spec.pools.retain(|pool| if pool.subnet.addr().is_ipv4() { ipv4 } else { ipv6 });
    let has = |spec: &NetworkSpec, is_ipv4: bool| {
        spec.pools.iter().any(|pool| pool.subnet.addr().is_ipv4() == is_ipv4)
    };
    if ipv4 && !has(spec, true) {
        spec.pools.push(pool(ipam::choose_ipv4(used)?));
    }
    if ipv6 && !has(spec, false) {
        spec.pools.push(pool(ipam::choose_ipv6(&machine_id(), used)?));
    }
    if spec.pools.is_empty() {
        return Err(IpamError::NoFamily.into());
    }
    let mut families = BTreeSet::new();
    for pool in &mut spec.pools {
        let complete = Pool::of(pool)?;
        if is_exclusive {
            ipam::check_subnet(complete.subnet, used)?;
        }
        if !families.insert(complete.subnet.addr().is_ipv4()) {
            return Err(IpamError::Several { subnet: complete.subnet }.into());
        }
        pool.subnet = complete.subnet;
        pool.gateway = Some(complete.gateway);
    }
    Ok(())
}

fn pool(subnet: IpNet) -> IpamPool {
    IpamPool { subnet, ip_range: None, gateway: None, aux_addresses: BTreeMap::new() }
}

/// What tells this machine from others (machine-id(5)), so that their IPv6 networks can be joined.
fn machine_id() -> Vec<u8> {
    fs::read(MACHINE_ID).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::NetworkName;
    use std::net::IpAddr;

    fn completed(subnet: Option<&str>, used: &[&str]) -> Result<Vec<IpamPool>, NetworkError> {
        let pool = |subnet: &str| IpamPool {
            subnet: subnet.parse().expect("subnet"),
            ip_range: None,
            gateway: None,
            aux_addresses: BTreeMap::new(),
        };
        let mut spec = NetworkSpec::new(NetworkName::new("net").expect("name"));
        spec.pools = subnet.map(pool).into_iter().collect();
        let route = |subnet: &&str| Taken { subnet: subnet.parse().expect("subnet"), by: Holder::Route };
        let used: Vec<_> = used.iter().map(route).collect();
        complete_pools(&mut spec, &used, true).map(|()| spec.pools)
    }

    #[test]
    fn network_without_a_pool_gets_one_with_a_gateway() {
        let pools = completed(None, &["10.213.0.0/24"]).expect("chosen");
        assert_eq!(pools[0].subnet.to_string(), "10.213.1.0/24");
        assert_eq!(pools[0].gateway, Some(IpAddr::from([10, 213, 1, 1])));
    }

    #[test]
    fn subnet_is_written_without_host_bits() {
        let pools = completed(Some("172.28.5.9/16"), &[]).expect("valid");
        assert_eq!(pools[0].subnet.to_string(), "172.28.0.0/16");
    }

    #[test]
    fn every_family_has_a_pool_and_no_other() {
        let families = |ipv4, ipv6, subnet: Option<&str>| {
            let mut spec = NetworkSpec::new(NetworkName::new("net").expect("name"));
            (spec.enable_ipv4, spec.enable_ipv6) = (ipv4, ipv6);
            spec.pools = subnet.map(|subnet| pool(subnet.parse().expect("subnet"))).into_iter().collect();
            complete_pools(&mut spec, &[], true).map(|()| spec.pools.len())
        };
        assert_eq!(families(true, true, Some("fd00::/64")).expect("valid"), 2);
        assert_eq!(families(true, false, Some("fd00::/64")).expect("valid"), 1);
        assert_eq!(families(false, true, None).expect("valid"), 1);
        assert!(families(false, false, None).is_err());
    }
}
