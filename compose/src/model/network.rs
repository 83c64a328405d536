//! Networks of the project, and a service's place in them.

use super::{Rest, is_default};
use engine_spec::Labels;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A network of the project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Its real name, `<project>_<key>` unless the file says otherwise.
    pub name: String,
    /// `bridge`, `macvlan` or `ipvlan`; `None` is `bridge`.
    #[serde(skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// Driver options as given.
    #[serde(skip_serializing_if = "is_default")]
    pub driver_opts: BTreeMap<String, String>,
    /// Addresses; printed even when empty, as Docker Compose does.
    pub ipam: Ipam,
    /// Whether it is made outside the project.
    #[serde(skip_serializing_if = "is_default")]
    pub external: bool,
    /// No way out.
    #[serde(skip_serializing_if = "is_default")]
    pub internal: bool,
    /// Whether containers get IPv4 addresses; `None` is yes.
    #[serde(skip_serializing_if = "is_default")]
    pub enable_ipv4: Option<bool>,
    /// Whether containers get IPv6 addresses.
    #[serde(skip_serializing_if = "is_default")]
    pub enable_ipv6: Option<bool>,
    /// Whether single containers may be connected to it; here they always may.
    #[serde(skip_serializing_if = "is_default")]
    pub attachable: bool,
    /// Labels.
    #[serde(skip_serializing_if = "is_default")]
    pub labels: Labels,
    /// Attributes the engine does not apply, and `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// How addresses are given out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ipam {
    /// `default` is the only driver.
    #[serde(skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// Address pools.
    #[serde(skip_serializing_if = "is_default")]
    pub config: Vec<IpamConfig>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// One address pool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpamConfig {
    /// The whole subnet.
    #[serde(skip_serializing_if = "is_default")]
    pub subnet: Option<String>,
    /// The part containers get addresses from.
    #[serde(skip_serializing_if = "is_default")]
    pub ip_range: Option<String>,
    /// The bridge's own address.
    #[serde(skip_serializing_if = "is_default")]
    pub gateway: Option<String>,
    /// Addresses never handed out.
    #[serde(skip_serializing_if = "is_default")]
    pub aux_addresses: BTreeMap<String, String>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// A service's place in one network.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceNetwork {
    /// More names.
    #[serde(skip_serializing_if = "is_default")]
    pub aliases: Vec<String>,
    /// A fixed address.
    #[serde(skip_serializing_if = "is_default")]
    pub ipv4_address: Option<String>,
    /// A fixed address.
    #[serde(skip_serializing_if = "is_default")]
    pub ipv6_address: Option<String>,
    /// A fixed MAC address.
    #[serde(skip_serializing_if = "is_default")]
    pub mac_address: Option<String>,
    /// The interface's name.
    #[serde(skip_serializing_if = "is_default")]
    pub interface_name: Option<String>,
    /// More addresses of the interface, link-local ones.
    #[serde(skip_serializing_if = "is_default")]
    pub link_local_ips: Vec<String>,
    /// Driver options of this place alone.
    #[serde(skip_serializing_if = "is_default")]
    pub driver_opts: BTreeMap<String, String>,
    /// The network of the highest value is connected first.
    #[serde(skip_serializing_if = "is_default")]
    pub priority: i32,
    /// The network of the highest value supplies the default route.
    #[serde(skip_serializing_if = "is_default")]
    pub gw_priority: i32,
    /// Attributes the engine does not apply yet, and `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}
