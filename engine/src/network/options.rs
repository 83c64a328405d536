//! What driver options say, in Docker's words.

use engine_spec::{NetworkDriver, NetworkSpec};
use rtnetlink::packet_route::link::{IpVlanFlags, IpVlanMode, MacVlanMode};
use std::net::IpAddr;

const BRIDGE_NAME: &str = "com.docker.network.bridge.name";
const ENABLE_ICC: &str = "com.docker.network.bridge.enable_icc";
const ENABLE_MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";
const HOST_BINDING: &str = "com.docker.network.bridge.host_binding_ipv4";
const INHIBIT_IPV4: &str = "com.docker.network.bridge.inhibit_ipv4";
const GATEWAY_MODES: [&str; 2] =
    ["com.docker.network.bridge.gateway_mode_ipv4", "com.docker.network.bridge.gateway_mode_ipv6"];
const MTU: &str = "com.docker.network.driver.mtu";
const INTERFACE_PREFIX: &str = "com.docker.network.container_iface_prefix";
/// What of an endpoint's options names kernel settings of its interface, by commas.
pub(super) const ENDPOINT_SYSCTLS: &str = "com.docker.network.endpoint.sysctls";
const PARENT: &str = "parent";
const MACVLAN_MODE: &str = "macvlan_mode";
const IPVLAN_MODE: &str = "ipvlan_mode";
const IPVLAN_FLAG: &str = "ipvlan_flag";

/// An option that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// The value is none of those that are known.
    #[error("`{value}` is not valid for the network option {option}: expected {expected}")]
    Value {
        /// Which option.
        option: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        expected: &'static str,
    },
}

/// How packets get in and out of a bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GatewayMode {
    /// With the host's address, and in by published ports only.
    Nat,
    /// The same, but who has a route reaches every port.
    NatUnprotected,
    /// The bridge has no address, so that not even the host is reached.
    Isolated,
}

/// What the options of a network say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) bridge: Option<String>,
    pub(super) mtu: Option<u32>,
    /// Whether its containers reach each other.
    pub(super) is_open: bool,
    /// Whether its containers leave with the host's address.
    pub(super) is_masqueraded: bool,
    /// Where ports without an address are published.
    pub(super) host_binding: Option<IpAddr>,
    pub(super) gateway_mode: GatewayMode,
    /// What its interfaces are called, without a number.
    pub(super) interface_prefix: String,
    pub(super) attachment: Attachment,
}

/// How containers are connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attachment {
    /// By a cable to a bridge.
    Bridge,
    /// By interfaces with hardware addresses of their own; without a parent there is no way out.
    Macvlan { parent: Option<String>, mode: MacVlanMode },
    /// By interfaces that share the parent's hardware address.
    Ipvlan { parent: Option<String>, mode: IpVlanMode, flags: IpVlanFlags },
}

impl Options {
    /// Reads the options of a network; those of other drivers, and unknown ones, are passed over as
    /// Docker does.
    pub(super) fn of(spec: &NetworkSpec) -> Result<Self, OptionError> {
        let asked =
            |key: &str| spec.driver_opts.get(key).map(String::as_str).filter(|value| !value.is_empty());
        let flag = |option: &'static str, standard: bool| match asked(option) {
            None => Ok(standard),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(value) => Err(refuse(option, value, "true or false")),
        };
        let mtu = asked(MTU).map(|text| match text.parse() {
            Ok(mtu @ 68..=65_535) => Ok(mtu),
            _ => Err(refuse(MTU, text, "a number of bytes from 68 to 65535")),
        });
        let host_binding = asked(HOST_BINDING)
            .map(|text| text.parse().map_err(|_| refuse(HOST_BINDING, text, "an address of this host")));
        let is_addressed = !flag(INHIBIT_IPV4, false)?;
        let modes = GATEWAY_MODES.map(|option| asked(option).map(|text| gateway_mode(option, text)));
        let gateway_mode = modes.into_iter().flatten().next().transpose()?;
        let unaddressed = if is_addressed { GatewayMode::Nat } else { GatewayMode::Isolated };
        Ok(Self {
            bridge: asked(BRIDGE_NAME).map(str::to_owned),
            mtu: mtu.transpose()?,
            is_open: flag(ENABLE_ICC, true)?,
            is_masqueraded: flag(ENABLE_MASQUERADE, true)?,
            host_binding: host_binding.transpose()?,
            gateway_mode: gateway_mode.unwrap_or(unaddressed),
            interface_prefix: asked(INTERFACE_PREFIX).unwrap_or("eth").to_owned(),
            attachment: attachment(spec.driver, asked)?,
        })
    }
}

fn gateway_mode(option: &'static str, text: &str) -> Result<GatewayMode, OptionError> {
    match text {
        "nat" => Ok(GatewayMode::Nat),
        "nat-unprotected" => Ok(GatewayMode::NatUnprotected),
        "isolated" => Ok(GatewayMode::Isolated),
        _ => Err(refuse(option, text, "nat, nat-unprotected or isolated")),
    }
}

fn attachment<'a>(
    driver: NetworkDriver,
    asked: impl Fn(&str) -> Option<&'a str>,
) -> Result<Attachment, OptionError> {
    let parent = asked(PARENT).map(str::to_owned);
    Ok(match driver {
        NetworkDriver::Bridge => Attachment::Bridge,
        NetworkDriver::Macvlan => {
            let mode = match asked(MACVLAN_MODE).unwrap_or("bridge") {
                "bridge" => MacVlanMode::Bridge,
                "private" => MacVlanMode::Private,
                "vepa" => MacVlanMode::Vepa,
                "passthru" => MacVlanMode::Passthrough,
                other => return Err(refuse(MACVLAN_MODE, other, "bridge, private, vepa or passthru")),
            };
            Attachment::Macvlan { parent, mode }
        }
        NetworkDriver::Ipvlan => {
            let mode = match asked(IPVLAN_MODE).unwrap_or("l2") {
                "l2" => IpVlanMode::L2,
                "l3" => IpVlanMode::L3,
                "l3s" => IpVlanMode::L3S,
                other => return Err(refuse(IPVLAN_MODE, other, "l2, l3 or l3s")),
            };
            let flags = match asked(IPVLAN_FLAG).unwrap_or("bridge") {
                "bridge" => IpVlanFlags::empty(),
                "private" => IpVlanFlags::Private,
                "vepa" => IpVlanFlags::Vepa,
                other => return Err(refuse(IPVLAN_FLAG, other, "bridge, private or vepa")),
            };
            Attachment::Ipvlan { parent, mode, flags }
        }
    })
}

fn refuse(option: &'static str, value: &str, expected: &'static str) -> OptionError {
    OptionError::Value { option, value: value.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::NetworkName;

    fn options(driver: NetworkDriver, given: &[(&str, &str)]) -> Result<Options, OptionError> {
        let mut spec = NetworkSpec::new(NetworkName::new("net").expect("name"));
        spec.driver = driver;
        spec.driver_opts =
            given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Options::of(&spec)
    }

    #[test]
    fn bridge_without_options_is_open_masqueraded_nat() {
        let found = options(NetworkDriver::Bridge, &[]).expect("valid");
        assert!(found.is_open && found.is_masqueraded);
        assert_eq!((found.gateway_mode, found.interface_prefix.as_str()), (GatewayMode::Nat, "eth"));
    }

    #[test]
    fn macvlan_and_ipvlan_have_modes() {
        let macvlan = options(NetworkDriver::Macvlan, &[("parent", "eth0.10"), ("macvlan_mode", "private")]);
        let expected = Attachment::Macvlan { parent: Some("eth0.10".into()), mode: MacVlanMode::Private };
        assert_eq!(macvlan.expect("valid").attachment, expected);
        let ipvlan = options(NetworkDriver::Ipvlan, &[("ipvlan_mode", "l3s")]).expect("valid");
        assert!(matches!(ipvlan.attachment, Attachment::Ipvlan { mode: IpVlanMode::L3S, .. }));
    }

    #[test]
    fn nonsense_is_refused_with_what_is_expected() {
        for (option, value) in [
            ("com.docker.network.driver.mtu", "big"),
            ("com.docker.network.bridge.enable_icc", "perhaps"),
            ("com.docker.network.bridge.gateway_mode_ipv4", "routed"),
        ] {
            let refused = options(NetworkDriver::Bridge, &[(option, value)]).expect_err(option);
            assert!(refused.to_string().contains(value), "{refused}");
        }
    }
}
