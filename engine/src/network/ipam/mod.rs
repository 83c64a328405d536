//! Which subnet a network gets and which address a container. Pure.

mod error;
mod subnet;
mod taken;

pub use error::IpamError;
pub(super) use subnet::{check_subnet, choose_ipv4, choose_ipv6};
pub use taken::{Holder, Taken};

use engine_spec::IpamPool;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A pool of one family with nothing left to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pool {
    /// The whole subnet.
    pub(super) subnet: IpNet,
    /// Where addresses come from.
    pub(super) range: IpNet,
    /// The router's address.
    pub(super) gateway: IpAddr,
    /// Never handed out.
    pub(super) reserved: BTreeSet<IpAddr>,
}

impl Pool {
    /// Fills in what the user left open.
    pub(super) fn of(pool: &IpamPool) -> Result<Self, IpamError> {
        let subnet = pool.subnet.trunc();
        if subnet.max_prefix_len() - subnet.prefix_len() < 2 {
            return Err(IpamError::TooSmall { subnet });
        }
        let range = match pool.ip_range {
            Some(range) if subnet.contains(&range) => range.trunc(),
            Some(range) => return Err(IpamError::RangeOutside { range, subnet }),
            None => subnet,
        };
        let gateway = match pool.gateway {
            Some(gateway) if subnet.contains(&gateway) => gateway,
            Some(gateway) => return Err(IpamError::GatewayOutside { gateway: gateway.to_string(), subnet }),
            None => first_address(subnet, range),
        };
        Ok(Self { subnet, range, gateway, reserved: pool.aux_addresses.values().copied().collect() })
    }

    /// The lowest address that nobody holds.
    pub(super) fn choose_address(&self, held: &BTreeSet<IpAddr>) -> Result<IpAddr, IpamError> {
        (number(self.range.network())..=number(self.range.broadcast()))
            .map(|number| address(number, self.subnet))
            .find(|address| self.is_usable(*address) && !held.contains(address))
            .ok_or(IpamError::Exhausted { range: self.range })
    }

    /// Refuses an asked-for address that no container can have here.
    pub(super) fn check_address(&self, address: IpAddr) -> Result<(), IpamError> {
        let is_ours = address != self.gateway && self.is_host(address);
        if is_ours { Ok(()) } else { Err(IpamError::Unusable { address, subnet: self.subnet }) }
    }

    fn is_usable(&self, address: IpAddr) -> bool {
        self.is_host(address) && address != self.gateway && !self.reserved.contains(&address)
    }

    /// Not the subnet's own address and not its broadcast; IPv6 has none, but there the last
    /// addresses are anycast (RFC 2526).
    fn is_host(&self, address: IpAddr) -> bool {
        self.subnet.contains(&address)
            && address != self.subnet.network()
            && address != self.subnet.broadcast()
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// The address of a number, of the family of `subnet`.
fn address(number: u128, subnet: IpNet) -> IpAddr {
    match subnet {
        IpNet::V4(_) => Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into(),
        IpNet::V6(_) => Ipv6Addr::from(number).into(),
    }
}

/// Docker takes the first of the range, which may be the range's own address.
fn first_address(subnet: IpNet, range: IpNet) -> IpAddr {
    if range.network() == subnet.network() {
        address(number(subnet.network()) + 1, subnet)
    } else {
        range.network()
    }
}

/// Docker's form of a hardware address made of an IP address: locally administered, unicast.
pub(super) fn mac_of(address: IpAddr) -> [u8; 6] {
    let [.., a, b, c, d] = number(address).to_be_bytes();
    [0x02, 0x42, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(subnet: &str, range: Option<&str>) -> Pool {
        let pool = IpamPool {
            subnet: subnet.parse().expect("subnet"),
            ip_range: range.map(|range| range.parse().expect("range")),
            gateway: None,
            aux_addresses: [("router".to_owned(), "10.0.0.3".parse().expect("address"))].into(),
        };
        Pool::of(&pool).expect("valid")
    }

    fn addresses(texts: &[&str]) -> BTreeSet<IpAddr> {
        texts.iter().map(|text| text.parse().expect("address")).collect()
    }

    #[track_caller]
    fn check(pool: &Pool, held: &[&str], expected: &str) {
        let chosen = pool.choose_address(&addresses(held)).map(|address| address.to_string());
        assert_eq!(chosen.as_deref(), Ok(expected));
    }

    #[test]
    fn hands_out_the_lowest_address_that_is_free() {
        let pool = pool("10.0.0.0/29", None);
        assert_eq!(pool.gateway, IpAddr::from([10, 0, 0, 1]));
        check(&pool, &[], "10.0.0.2");
        check(&pool, &["10.0.0.2"], "10.0.0.4");
        let all = addresses(&["10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6"]);
        assert!(matches!(pool.choose_address(&all), Err(IpamError::Exhausted { .. })));
    }

    #[test]
    fn ipv6_is_handed_out_alike() {
        let pool = pool("fd00:1::/64", None);
        assert_eq!(pool.gateway.to_string(), "fd00:1::1");
        check(&pool, &["fd00:1::2"], "fd00:1::3");
    }

    #[test]
    fn gateway_of_a_range_is_its_first_address() {
        let pool = pool("10.210.0.0/16", Some("10.210.5.0/24"));
        assert_eq!(pool.gateway, IpAddr::from([10, 210, 5, 0]));
        check(&pool, &[], "10.210.5.1");
    }

    #[test]
    fn network_broadcast_and_gateway_are_no_container_addresses() {
        let pool = pool("10.0.0.0/24", None);
        for refused in ["10.0.0.0", "10.0.0.1", "10.0.0.255", "10.0.1.7", "fd00::2"] {
            assert!(pool.check_address(refused.parse().expect("address")).is_err(), "{refused}");
        }
        let reserved = "10.0.0.3".parse().expect("address");
        assert!(pool.check_address(reserved).is_ok(), "reserved ones may be asked for");
    }

    #[test]
    fn hardware_address_repeats_the_end_of_the_address() {
        assert_eq!(mac_of([10, 1, 2, 3].into()), [2, 0x42, 10, 1, 2, 3]);
        assert_eq!(mac_of("fd00::a:b".parse().expect("address")), [2, 0x42, 0, 10, 0, 11]);
    }
}
