//! Which subnet a network gets and which address a container. Pure.

use engine_spec::IpamPool;
use ipnet::{IpNet, Ipv4Net};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

/// Where subnets are cut from, in this order. Away from Docker's 172.17–31 and 192.168, and from
/// the lower 10.x that offices and VPNs like to use.
const RANGES: [(Ipv4Addr, u8); 3] = [
    (Ipv4Addr::new(10, 213, 0, 0), 16),
    (Ipv4Addr::new(172, 30, 0, 0), 16),
    (Ipv4Addr::new(192, 168, 128, 0), 17),
];
const SUBNET_BITS: u8 = 24;

/// No subnet or address could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IpamError {
    /// All ranges are taken by routes, networks or name servers.
    #[error(
        "no free subnet: every /24 of 10.213.0.0/16, 172.30.0.0/16 and 192.168.128.0/17 overlaps a route of this host; set `ipam.config.subnet`"
    )]
    NoFreeSubnet,
    /// An asked-for subnet overlaps another.
    #[error("subnet {subnet} overlaps {other}, which this host already uses")]
    Overlap {
        /// What was asked for.
        subnet: Ipv4Net,
        /// What it overlaps.
        other: Ipv4Net,
    },
    /// The gateway is no address of the subnet.
    #[error("gateway {gateway} is not in subnet {subnet}")]
    GatewayOutside {
        /// The gateway.
        gateway: String,
        /// The subnet.
        subnet: Ipv4Net,
    },
    /// The range is no part of the subnet.
    #[error("address range {range} is not within subnet {subnet}")]
    RangeOutside {
        /// The range.
        range: IpNet,
        /// The subnet.
        subnet: Ipv4Net,
    },
    /// The subnet has no room for a gateway and a container.
    #[error("subnet {subnet} is too small: use at least a /30")]
    TooSmall {
        /// The subnet.
        subnet: Ipv4Net,
    },
    /// Every address of the network is held.
    #[error("no free address in {range}")]
    Exhausted {
        /// Where addresses come from.
        range: Ipv4Net,
    },
    /// An asked-for address is no host address of the network.
    #[error("address {address} is not in subnet {subnet}, or is reserved there")]
    Unusable {
        /// The address.
        address: Ipv4Addr,
        /// The subnet.
        subnet: Ipv4Net,
    },
}

/// An IPv4 pool with nothing left to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pool {
    /// The whole subnet.
    pub(super) subnet: Ipv4Net,
    /// Where addresses come from.
    pub(super) range: Ipv4Net,
    /// The bridge's address.
    pub(super) gateway: Ipv4Addr,
    /// Never handed out.
    pub(super) reserved: BTreeSet<Ipv4Addr>,
}

/// The first free subnet; `used` are routes, other networks and name servers.
pub(super) fn choose_subnet(used: &[Ipv4Net]) -> Result<Ipv4Net, IpamError> {
    let ranges = RANGES.iter().filter_map(|(address, bits)| Ipv4Net::new(*address, *bits).ok());
    let mut subnets = ranges.filter_map(|range| range.subnets(SUBNET_BITS).ok()).flatten();
    subnets.find(|subnet| overlapping(*subnet, used).is_none()).ok_or(IpamError::NoFreeSubnet)
}

/// Refuses a subnet that the user asked for and the host already uses.
pub(super) fn check_subnet(subnet: Ipv4Net, used: &[Ipv4Net]) -> Result<(), IpamError> {
    overlapping(subnet, used).map_or(Ok(()), |other| Err(IpamError::Overlap { subnet, other }))
}

/// A default route is no claim on an address; everything narrower is.
fn overlapping(subnet: Ipv4Net, used: &[Ipv4Net]) -> Option<Ipv4Net> {
    used.iter()
        .copied()
        .filter(|other| other.prefix_len() > 0)
        .find(|other| other.contains(&subnet) || subnet.contains(other))
}

impl Pool {
    /// Fills in what the user left open. `None` for an IPv6 pool.
    pub(super) fn of(pool: &IpamPool) -> Result<Option<Self>, IpamError> {
        let IpNet::V4(subnet) = pool.subnet else { return Ok(None) };
        let subnet = subnet.trunc();
        if subnet.prefix_len() > 30 {
            return Err(IpamError::TooSmall { subnet });
        }
        let range = match pool.ip_range {
            Some(IpNet::V4(range)) if subnet.contains(&range) => range.trunc(),
            Some(range) => return Err(IpamError::RangeOutside { range, subnet }),
            None => subnet,
        };
        let gateway = match pool.gateway {
            Some(IpAddr::V4(gateway)) if subnet.contains(&gateway) => gateway,
            Some(gateway) => return Err(IpamError::GatewayOutside { gateway: gateway.to_string(), subnet }),
            None => first_address(subnet, range),
        };
        let reserved = pool.aux_addresses.values().filter_map(|address| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        });
        Ok(Some(Self { subnet, range, gateway, reserved: reserved.collect() }))
    }

    /// The lowest address that nobody holds.
    pub(super) fn choose_address(&self, held: &BTreeSet<Ipv4Addr>) -> Result<Ipv4Addr, IpamError> {
        (u32::from(self.range.network())..=u32::from(self.range.broadcast()))
            .map(Ipv4Addr::from)
            .find(|address| self.is_usable(*address) && !held.contains(address))
            .ok_or(IpamError::Exhausted { range: self.range })
    }

    /// Refuses an asked-for address that no container can have here.
    pub(super) fn check_address(&self, address: Ipv4Addr) -> Result<(), IpamError> {
        let is_ours = address != self.gateway && self.is_host(address);
        if is_ours { Ok(()) } else { Err(IpamError::Unusable { address, subnet: self.subnet }) }
    }

    fn is_usable(&self, address: Ipv4Addr) -> bool {
        self.is_host(address) && address != self.gateway && !self.reserved.contains(&address)
    }

    /// Not the subnet's own address and not its broadcast.
    fn is_host(&self, address: Ipv4Addr) -> bool {
        self.subnet.contains(&address)
            && address != self.subnet.network()
            && address != self.subnet.broadcast()
    }
}

/// Docker takes the first of the range, which may be the range's own address.
fn first_address(subnet: Ipv4Net, range: Ipv4Net) -> Ipv4Addr {
    if range.network() == subnet.network() {
        Ipv4Addr::from(u32::from(subnet.network()) + 1)
    } else {
        range.network()
    }
}

/// Docker's form of a hardware address made of an IPv4 address: locally administered, unicast.
pub(super) fn mac_of(address: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = address.octets();
    [0x02, 0x42, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(texts: &[&str]) -> Vec<Ipv4Net> {
        texts.iter().map(|text| text.parse().expect("subnet")).collect()
    }

    fn pool(subnet: &str, range: Option<&str>) -> Pool {
        let pool = IpamPool {
            subnet: subnet.parse().expect("subnet"),
            ip_range: range.map(|range| range.parse().expect("range")),
            gateway: None,
            aux_addresses: [("router".to_owned(), "10.0.0.3".parse().expect("address"))].into(),
        };
        Pool::of(&pool).expect("valid").expect("IPv4")
    }

    fn addresses(texts: &[&str]) -> BTreeSet<Ipv4Addr> {
        texts.iter().map(|text| text.parse().expect("address")).collect()
    }

    #[test]
    fn takes_the_first_free_subnet() {
        let chosen = |used: &[&str]| choose_subnet(&nets(used)).map(|subnet| subnet.to_string());
        assert_eq!(chosen(&["0.0.0.0/0", "192.168.1.0/24"]).as_deref(), Ok("10.213.0.0/24"));
        assert_eq!(chosen(&["10.213.0.0/24", "10.213.1.5/32"]).as_deref(), Ok("10.213.2.0/24"));
        assert_eq!(chosen(&["10.0.0.0/8"]).as_deref(), Ok("172.30.0.0/24"));
        assert_eq!(chosen(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]), Err(IpamError::NoFreeSubnet));
    }

    #[test]
    fn refuses_a_subnet_the_host_uses() {
        let subnet = "192.168.1.0/24".parse().expect("subnet");
        assert!(check_subnet(subnet, &nets(&["0.0.0.0/0"])).is_ok());
        assert!(check_subnet(subnet, &nets(&["192.168.1.9/32"])).is_err());
    }

    #[test]
    fn hands_out_the_lowest_address_that_is_free() {
        let pool = pool("10.0.0.0/29", None);
        assert_eq!(pool.gateway, Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(pool.choose_address(&addresses(&[])), Ok(Ipv4Addr::new(10, 0, 0, 2)));
        assert_eq!(pool.choose_address(&addresses(&["10.0.0.2"])), Ok(Ipv4Addr::new(10, 0, 0, 4)));
        let all = addresses(&["10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6"]);
        assert!(matches!(pool.choose_address(&all), Err(IpamError::Exhausted { .. })));
    }

    #[test]
    fn gateway_of_a_range_is_its_first_address() {
        let pool = pool("10.210.0.0/16", Some("10.210.5.0/24"));
        assert_eq!(pool.gateway, Ipv4Addr::new(10, 210, 5, 0));
        assert_eq!(pool.choose_address(&addresses(&[])), Ok(Ipv4Addr::new(10, 210, 5, 1)));
    }

    #[test]
    fn network_broadcast_and_gateway_are_no_container_addresses() {
        let pool = pool("10.0.0.0/24", None);
        for refused in ["10.0.0.0", "10.0.0.1", "10.0.0.255", "10.0.1.7"] {
            assert!(pool.check_address(refused.parse().expect("address")).is_err(), "{refused}");
        }
        assert!(
            pool.check_address("10.0.0.3".parse().expect("address")).is_ok(),
            "reserved ones may be asked for"
        );
    }
}
