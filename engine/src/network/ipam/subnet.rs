//! Subnets for networks that ask for none.

use super::IpamError;
use super::taken::{Taken, in_the_way};
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

/// The first free IPv4 subnet.
pub(in crate::network) fn choose_ipv4(used: &[Taken]) -> Result<IpNet, IpamError> {
    let ranges = RANGES.map(|(address, bits)| Ipv4Net::new_assert(address, bits));
    let subnets = ranges.iter().filter_map(|range| range.subnets(SUBNET_BITS).ok()).flatten();
    first_free(subnets.map(IpNet::V4), used)
        .ok_or_else(|| IpamError::NoFreeSubnet { taken: in_the_way(&ranges.map(IpNet::V4), used) })
}

/// The first free IPv6 subnet of this machine.
pub(in crate::network) fn choose_ipv6(machine: &[u8], used: &[Taken]) -> Result<IpNet, IpamError> {
    let own = Sha256::digest(machine);
    let mut bytes = [0; 16];
    bytes[0] = 0xfd;
    bytes[1..6].copy_from_slice(&own[..5]);
    let range = Ipv6Net::new_assert(Ipv6Addr::from(bytes), MACHINE_BITS);
    let subnets = range.subnets(SUBNET6_BITS).into_iter().flatten();
    first_free(subnets.map(IpNet::V6), used)
        .ok_or_else(|| IpamError::NoFreeSubnet { taken: in_the_way(&[range.into()], used) })
}

fn first_free(mut subnets: impl Iterator<Item = IpNet>, used: &[Taken]) -> Option<IpNet> {
    subnets.find(|subnet| !used.iter().any(|taken| taken.overlaps(*subnet)))
}

/// Refuses a subnet that the user asked for and the host already uses.
pub(in crate::network) fn check_subnet(subnet: IpNet, used: &[Taken]) -> Result<(), IpamError> {
    let other = used.iter().find(|taken| taken.overlaps(subnet)).cloned();
    other.map_or(Ok(()), |other| Err(IpamError::Overlap { subnet, other }))
}

#[cfg(test)]
mod tests {
    use super::super::taken::Holder;
    use super::*;

    fn nets(texts: &[&str]) -> Vec<Taken> {
        let route = |text: &&str| Taken { subnet: text.parse().expect("subnet"), by: Holder::Route };
        texts.iter().map(route).collect()
    }

    #[test]
    fn takes_the_first_free_subnet() {
        let chosen = |used: &[&str]| choose_ipv4(&nets(used)).map(|subnet| subnet.to_string());
        assert_eq!(chosen(&["0.0.0.0/0", "192.168.1.0/24"]).as_deref(), Ok("10.213.0.0/24"));
        assert_eq!(chosen(&["10.213.0.0/24", "10.213.1.5/32"]).as_deref(), Ok("10.213.2.0/24"));
        assert_eq!(chosen(&["10.0.0.0/8"]).as_deref(), Ok("172.30.0.0/24"));
        let all = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
        assert_eq!(chosen(&all), Err(IpamError::NoFreeSubnet { taken: nets(&all) }));
    }

    #[test]
    fn ipv6_subnets_are_of_this_machine_and_differ() {
        let first = choose_ipv6(b"machine", &[]).expect("free");
        let second = choose_ipv6(b"machine", &nets(&[&first.to_string()])).expect("free");
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
