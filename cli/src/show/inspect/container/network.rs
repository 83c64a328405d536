//! `NetworkSettings`: addresses and ports.

use crate::show::inspect::Inspection;
use engine_spec::{EndpointSpec, NetworkMode, ObservedContainer, ObservedEndpoint, ObservedNetwork};
use serde_json::{Map, Value, json};

/// Where a container is in its networks.
pub(super) fn describe(inspection: &Inspection, container: &ObservedContainer) -> Value {
    let specs: &[EndpointSpec] = match &container.spec.network {
        NetworkMode::Networks { endpoints } => endpoints,
        NetworkMode::None | NetworkMode::Host | NetworkMode::Container { .. } => &[],
    };
    let network =
        |name: &str| inspection.observed.networks.iter().find(|network| network.spec.name.as_str() == name);
    let place = |spec: &EndpointSpec| {
        let found = container.endpoints.iter().find(|endpoint| endpoint.network == spec.network);
        let value = endpoint(container, spec, found, network(spec.network.as_str()));
        (spec.network.to_string(), value)
    };
    let networks: Map<_, _> = specs.iter().map(place).collect();
    // docker repeats here what is true of its default network.
    let own = networks.get("bridge").cloned().unwrap_or_default();
    let text = |key: &str| own.get(key).cloned().unwrap_or_else(|| json!(""));
    json!({
        "Bridge": "",
        "SandboxID": "",
        "SandboxKey": "",
        "Ports": ports(container),
        "Gateway": text("Gateway"),
        "IPAddress": text("IPAddress"),
        "IPPrefixLen": own.get("IPPrefixLen").cloned().unwrap_or_else(|| json!(0)),
        "MacAddress": text("MacAddress"),
        "Networks": networks,
    })
}

fn endpoint(
    container: &ObservedContainer,
    spec: &EndpointSpec,
    found: Option<&ObservedEndpoint>,
    network: Option<&ObservedNetwork>,
) -> Value {
    let pool = network.and_then(|network| network.spec.pools.first());
    let gateway = pool.and_then(|pool| pool.gateway).filter(|_| found.is_some());
    let mut names = vec![container.name().to_string()];
    names.extend(spec.aliases.iter().cloned());
    names.push(container.id.short().to_owned());
    json!({
        "IPAMConfig": spec.ipv4_address.map(|address| json!({ "IPv4Address": address })),
        "Links": null,
        "Aliases": if spec.aliases.is_empty() { Value::Null } else { json!(spec.aliases) },
        "MacAddress": found.map_or("", |found| found.mac_address.as_str()),
        "NetworkID": network.map_or("", |network| network.id.as_str()),
        "EndpointID": "",
        "Gateway": gateway.map(|gateway| gateway.to_string()).unwrap_or_default(),
        "IPAddress": found.map(|found| found.address.to_string()).unwrap_or_default(),
        "IPPrefixLen": found.map_or(0, |found| found.prefix),
        "DNSNames": names,
    })
}

fn ports(container: &ObservedContainer) -> Value {
    let mut ports = Map::new();
    for port in &container.ports {
        let target = format!("{}/{}", port.target, port.protocol);
        if let Value::Array(bindings) = ports.entry(target).or_insert_with(|| json!([])) {
            bindings.push(json!({ "HostIp": port.host_ip, "HostPort": port.host_port.to_string() }));
        }
    }
    Value::Object(ports)
}
