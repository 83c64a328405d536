//! What a new network is to be: its subnet, bridge, group and packet size, from what the host has.

use super::netlink::Socket;
use super::record::{self, NetworkRecord};
use super::{NetworkError, host, ipam, resolv_conf};
use crate::state::Layout;
use engine_spec::{ContainerId, IpamPool, NetworkSpec};
use ipnet::{IpNet, Ipv4Net};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::net::IpAddr;
use std::time::SystemTime;

const HOST_RESOLV_CONF: &str = "/etc/resolv.conf";
const RANDOM: &str = "/dev/urandom";

/// Chooses what the spec leaves open.
pub(super) fn decide(layout: &Layout, spec: &NetworkSpec) -> Result<NetworkRecord, NetworkError> {
    if spec.enable_ipv6 {
        tracing::warn!(network = %spec.name, "containers get IPv4 addresses only: IPv6 is not supported");
    }
    let mut socket = Socket::route()?;
    let routes = host::routes(&mut socket)?;
    let links = host::links(&mut socket)?;
    let mut spec = spec.clone();
    complete_pools(&mut spec, &used_subnets(layout, &routes)?)?;
    let mut random = [0; 32];
    let read = File::open(RANDOM).and_then(|mut file| file.read_exact(&mut random));
    read.map_err(|source| NetworkError::Store { path: RANDOM.into(), source })?;
    let id = ContainerId::from_random(random);
    let record = NetworkRecord::new(spec, id, SystemTime::now(), host::default_mtu(&links, &routes));
    if !record::is_link_name(&record.bridge) {
        return Err(NetworkError::BadBridgeName { bridge: record.bridge });
    }
    if links.iter().any(|link| link.name == record.bridge) {
        return Err(NetworkError::ForeignLink { bridge: record.bridge, network: record.spec.name });
    }
    Ok(record)
}

/// Subnets that a new network must stay away from: routes, other networks (whose bridges may be
/// missing now), and the host's name servers.
fn used_subnets(layout: &Layout, routes: &host::Routes) -> Result<Vec<Ipv4Net>, NetworkError> {
    let mut used = routes.destinations.clone();
    for record in record::list(layout)? {
        used.extend(record.pool()?.map(|pool| pool.subnet));
    }
    let host_file = fs::read_to_string(HOST_RESOLV_CONF).unwrap_or_default();
    used.extend(resolv_conf::servers(&host_file).into_iter().filter_map(|server| match server {
        IpAddr::V4(address) => Some(Ipv4Net::from(address)),
        IpAddr::V6(_) => None,
    }));
    Ok(used)
}

/// Chooses an IPv4 subnet if there is none, else checks the one there is; fills in its gateway.
fn complete_pools(spec: &mut NetworkSpec, used: &[Ipv4Net]) -> Result<(), NetworkError> {
    if !spec.pools.iter().any(|pool| matches!(pool.subnet, IpNet::V4(_))) {
        let subnet = IpNet::V4(ipam::choose_subnet(used)?);
        spec.pools.push(IpamPool { subnet, ip_range: None, gateway: None, aux_addresses: BTreeMap::new() });
    }
    for pool in &mut spec.pools {
        if let Some(complete) = ipam::Pool::of(pool)? {
            ipam::check_subnet(complete.subnet, used)?;
            pool.subnet = IpNet::V4(complete.subnet);
            pool.gateway = Some(complete.gateway.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::NetworkName;

    fn completed(subnet: Option<&str>, used: &[&str]) -> Result<Vec<IpamPool>, NetworkError> {
        let pool = |subnet: &str| IpamPool {
            subnet: subnet.parse().expect("subnet"),
            ip_range: None,
            gateway: None,
            aux_addresses: BTreeMap::new(),
        };
        let mut spec = NetworkSpec::new(NetworkName::new("net").expect("name"));
        spec.pools = subnet.map(pool).into_iter().collect();
        let used: Vec<_> = used.iter().map(|subnet| subnet.parse().expect("subnet")).collect();
        complete_pools(&mut spec, &used).map(|()| spec.pools)
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
    fn ipv6_pool_alone_gets_ipv4_beside_it() {
        let pools = completed(Some("fd00::/64"), &[]).expect("chosen");
        assert_eq!(pools.len(), 2);
    }
}
