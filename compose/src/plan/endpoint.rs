//! A service's place in its networks, and its published ports.

use super::attribute::AttributeError;
use crate::model::{Port, Project, Service, ServiceNetwork};
use engine_spec::{EndpointSpec, NetworkMode, NetworkName, PortSpec, Protocol, ServiceName};
use std::net::IpAddr;
use std::str::FromStr;

/// The engine's own network, which `network_mode: bridge` names.
const PREDEFINED: &str = "bridge";

/// The networks of a service by descending priority, then by key: the order of their interfaces.
pub(super) fn endpoints(
    project: &Project,
    name: &ServiceName,
    service: &Service,
) -> Result<Vec<EndpointSpec>, AttributeError> {
    let standard = ServiceNetwork::default();
    let mut networks: Vec<_> =
        service.networks.iter().map(|(key, given)| (key, given.as_ref().unwrap_or(&standard))).collect();
    networks.sort_by_key(|(_, network)| std::cmp::Reverse(network.priority));
    let endpoint = |(place, (key, network)): (usize, (&crate::model::Key, &ServiceNetwork))| {
        let real = project.networks.get(key).map_or(key.as_str(), |network| network.name.as_str());
        let aliases = std::iter::once(name.to_string()).chain(network.aliases.iter().cloned()).collect();
        // A service's own `mac_address` is that of its first interface.
        let own_address = service.mac_address.as_ref().filter(|_| place == 0);
        Ok(EndpointSpec {
            network: NetworkName::new(real)?,
            aliases,
            ipv4_address: network
                .ipv4_address
                .as_deref()
                .map(|text| parse("ipv4_address", text))
                .transpose()?,
            ipv6_address: network
                .ipv6_address
                .as_deref()
                .map(|text| parse("ipv6_address", text))
                .transpose()?,
            mac_address: network.mac_address.as_ref().or(own_address).cloned(),
            interface_name: network.interface_name.clone(),
            gateway_priority: network.gw_priority,
            link_local_ips: network
                .link_local_ips
                .iter()
                .map(|text| parse("link_local_ips", text))
                .collect::<Result<_, _>>()?,
            driver_opts: network.driver_opts.clone(),
        })
    };
    networks.into_iter().enumerate().map(endpoint).collect()
}

/// The ports of `expose` one by one, as `80/tcp`: each is `PORT[-PORT][/PROTOCOL]`.
pub(super) fn exposed(texts: &[String]) -> Result<Vec<String>, AttributeError> {
    let mut ports = Vec::new();
    for text in texts {
        let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u16, u16) = (parse("expose", first)?, parse("expose", last)?);
        ports.extend((first..=last).map(|port| format!("{port}/{protocol}")));
    }
    Ok(ports)
}

/// Whether a network is the host's own or none at all: Docker has them under these names.
pub(super) fn is_no_network(name: &str) -> bool {
    matches!(name, "host" | "none")
}

/// What places in networks come to, where one of them may be the host's own (`external`, `name: host`).
pub(super) fn mode(endpoints: Vec<EndpointSpec>) -> Result<NetworkMode, AttributeError> {
    let special = endpoints.iter().find(|endpoint| is_no_network(endpoint.network.as_str()));
    match (special.map(|endpoint| endpoint.network.as_str()), endpoints.len()) {
        (None, _) => Ok(NetworkMode::Networks { endpoints }),
        (Some("host"), 1) => Ok(NetworkMode::Host),
        (Some(_), 1) => Ok(NetworkMode::None),
        (Some(name), _) => Err(AttributeError::Value {
            attribute: "networks",
            value: name.to_owned(),
            expected: "networks that go together: this one must be alone",
        }),
    }
}

/// A service's place in the engine's own network.
pub(super) fn predefined(service: &Service) -> Result<EndpointSpec, AttributeError> {
    let mac_address = service.mac_address.clone();
    Ok(EndpointSpec { mac_address, ..EndpointSpec::new(NetworkName::new(PREDEFINED)?) })
}

/// The published ports.
pub(super) fn ports(ports: &[Port]) -> Result<Vec<PortSpec>, AttributeError> {
    let spec = |port: &Port| {
        Ok(PortSpec {
            host_ip: port.host_ip.as_deref().map(|text| address("ports.host_ip", text)).transpose()?,
            published: port
                .published
                .as_deref()
                .filter(|text| !text.is_empty())
                .map(published)
                .transpose()?,
            target: port.target,
            protocol: match port.protocol.as_str() {
                "udp" => Protocol::Udp,
                "sctp" => Protocol::Sctp,
                _ => Protocol::Tcp,
            },
        })
    };
    ports.iter().map(spec).collect()
}

fn published(text: &str) -> Result<(u16, u16), AttributeError> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Ok((parse("ports.published", first)?, parse("ports.published", last)?))
}

/// An address of the named attribute.
pub(super) fn address(attribute: &'static str, text: &str) -> Result<IpAddr, AttributeError> {
    parse(attribute, text)
}

/// A value of the named attribute.
pub(super) fn parse<T: FromStr>(attribute: &'static str, text: &str) -> Result<T, AttributeError> {
    text.parse().map_err(|_| AttributeError::Value {
        attribute,
        value: text.to_owned(),
        expected: if attribute.contains("published") { "a port" } else { "an address" },
    })
}
