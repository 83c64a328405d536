//! Subnets for networks that ask for none.

use super::IpamError;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use sha2::{Digest, Sha256};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Where IPv4 subnets are cut from, in this order. Away from Docker's 172.17–31 and 192.168, and from
/// the lower 10.x that offices and VPNs like to use.
const RANGES: [(Ipv4Addr, u8); 3] = [
    (Ipv4Addr::new(10, 213, 0, 0), 16),
    (Ipv4Addr::new(172, 30, 0, 0), 16),
    (Ipv4Addr::new(192, 168, 128, 0), 17),
];
const SUBNET_BITS: u8 = 24;
/// Unique local addresses (RFC 4193): `fd`, forty bits of the machine, sixteen of the network.
const MACHINE_BITS: u8 = 48;
const SUBNET6_BITS: u8 = 64;

/// The first free IPv4 subnet; `used` are routes, other networks and name servers.
pub(in crate::network) fn choose_ipv4(used: &[IpNet]) -> Result<IpNet, IpamError> {
    let ranges = RANGES.iter().filter_map(|(address, bits)| Ipv4Net::new(*address, *bits).ok());
    let subnets = ranges.filter_map(|range| range.subnets(SUBNET_BITS).ok()).flatten();
    first_free(subnets.map(IpNet::V4), used)
}

/// The first free IPv6 subnet of this machine.
pub(in crate::network) fn choose_ipv6(machine: &[u8], used: &[IpNet]) -> Result<IpNet, IpamError> {
    let own = Sha256::digest(machine);
    let mut bytes = [0; 16];
    bytes[0] = 0xfd;
    bytes[1..6].copy_from_slice(&own[..5]);
    let range = Ipv6Net::new(Ipv6Addr::from(bytes), MACHINE_BITS).ok();
    let subnets = range.and_then(|range| range.subnets(SUBNET6_BITS).ok()).into_iter().flatten();
    first_free(subnets.map(IpNet::V6), used)
}

fn first_free(mut subnets: impl Iterator<Item = IpNet>, used: &[IpNet]) -> Result<IpNet, IpamError> {
    subnets.find(|subnet| overlapping(*subnet, used).is_none()).ok_or(IpamError::NoFreeSubnet)
}

/// Refuses a subnet that the user asked for and the host already uses.
pub(in crate::network) fn check_subnet(subnet: IpNet, used: &[IpNet]) -> Result<(), IpamError> {
    overlapping(subnet, used).map_or(Ok(()), |other| Err(IpamError::Overlap { subnet, other }))
}

/// A default route is no claim on an address; everything narrower is.
fn overlapping(subnet: IpNet, used: &[IpNet]) -> Option<IpNet> {
    used.iter()
        .copied()
        .filter(|other| other.prefix_len() > 0)
        .find(|other| other.contains(&subnet) || subnet.contains(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().expect("subnet")).collect()
    }

    #[test]
    fn takes_the_first_free_subnet() {
        let chosen = |used: &[&str]| choose_ipv4(&nets(used)).map(|subnet| subnet.to_string());
        assert_eq!(chosen(&["0.0.0.0/0", "192.168.1.0/24"]).as_deref(), Ok("10.213.0.0/24"));
        assert_eq!(chosen(&["10.213.0.0/24", "10.213.1.5/32"]).as_deref(), Ok("10.213.2.0/24"));
        assert_eq!(chosen(&["10.0.0.0/8"]).as_deref(), Ok("172.30.0.0/24"));
        assert_eq!(chosen(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]), Err(IpamError::NoFreeSubnet));
    }

    #[test]
    fn ipv6_subnets_are_of_this_machine_and_differ() {
        let first = choose_ipv6(b"machine", &[]).expect("free");
        let second = choose_ipv6(b"machine", &[first]).expect("free");
        assert!(first.to_string().starts_with("fd") && first.prefix_len() == 64);
        assert_ne!(first, second);
        assert_ne!(choose_ipv6(b"another", &[]).expect("free"), first);
    }

    #[test]
    fn refuses_a_subnet_the_host_uses() {
        let subnet = "192.168.1.0/24".parse().expect("subnet");
        assert!(check_subnet(subnet, &nets(&["0.0.0.0/0", "fd00::/8"])).is_ok());
        assert!(check_subnet(subnet, &nets(&["192.168.1.9/32"])).is_err());
    }
}
