//! Why no subnet or address could be chosen.

use super::taken::{Taken, listed};
use ipnet::IpNet;
use std::net::IpAddr;

/// No subnet or address could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IpamError {
    /// All ranges are taken by routes, networks or name servers.
    #[error(
        "no free subnet: all that networks are made of is taken ({}): remove networks that nobody uses with \
         `lighter network prune`, or choose one with `ipam.config.subnet` or `--subnet`",
        listed(taken)
    )]
    NoFreeSubnet {
        /// By what.
        taken: Vec<Taken>,
    },
    /// An asked-for subnet overlaps another.
    #[error("subnet {subnet} overlaps {other}: choose another one")]
    Overlap {
        /// What was asked for.
        subnet: IpNet,
        /// What it overlaps.
        other: Taken,
    },
    /// The gateway is no address of the subnet.
    #[error("gateway {gateway} is not in subnet {subnet}")]
    GatewayOutside {
        /// The gateway.
        gateway: String,
        /// The subnet.
        subnet: IpNet,
    },
    /// The range is no part of the subnet.
    #[error("address range {range} is not within subnet {subnet}")]
    RangeOutside {
        /// The range.
        range: IpNet,
        /// The subnet.
        subnet: IpNet,
    },
    /// The subnet has no room for a gateway and a container.
    #[error("subnet {subnet} is too small: use at least a /30, or a /126 of IPv6")]
    TooSmall {
        /// The subnet.
        subnet: IpNet,
    },
    /// A network has one subnet per family.
    #[error("subnet {subnet} is one too many: a network has one IPv4 and one IPv6 subnet")]
    Several {
        /// The second one.
        subnet: IpNet,
    },
    /// No family is left.
    #[error("the network has neither IPv4 nor IPv6: turn one of them on")]
    NoFamily,
    /// Every address of the network is held.
    #[error("no free address in {range}: remove containers, or make the network with a larger subnet")]
    Exhausted {
        /// Where addresses come from.
        range: IpNet,
    },
    /// An asked-for address is no host address of the network.
    #[error("address {address} is not in subnet {subnet}, or is reserved there")]
    Unusable {
        /// The address.
        address: IpAddr,
        /// The subnet.
        subnet: IpNet,
    },
}
