//! A network as docker's `inspect` shows it.

use crate::show::clock;
use engine_spec::{Observed, ObservedNetwork};
use serde_json::{Map, Value, json};

/// What is known of a network.
pub(super) fn describe(network: &ObservedNetwork, observed: &Observed) -> Value {
    let spec = &network.spec;
    let pools: Vec<_> = spec
        .pools
        .iter()
        .map(|pool| {
            let mut value = json!({ "Subnet": pool.subnet });
            if let Some(gateway) = pool.gateway {
                value["Gateway"] = json!(gateway);
            }
            if let Some(range) = pool.ip_range {
                value["IPRange"] = json!(range);
            }
            value
        })
        .collect();
    json!({
        "Name": spec.name,
        "Id": network.id,
        "Created": clock::rfc3339(network.created_at),
        "Scope": "local",
        "Driver": spec.driver.to_string(),
        "EnableIPv6": spec.enable_ipv6,
        "IPAM": { "Driver": "default", "Options": {}, "Config": pools },
        "Internal": spec.internal,
        "Attachable": spec.attachable,
        "Ingress": false,
        "ConfigOnly": false,
        "Containers": containers(network, observed),
        "Options": spec.driver_opts,
        "Labels": spec.labels,
    })
}

/// Those that run in it, by id.
fn containers(network: &ObservedNetwork, observed: &Observed) -> Value {
    let mut members = Map::new();
    for container in observed.containers.iter().filter(|container| container.status.is_running()) {
        let places = container.endpoints.iter().filter(|endpoint| endpoint.network == network.spec.name);
        for place in places {
            let member = json!({
                "Name": container.name(),
                "EndpointID": "",
                "MacAddress": place.mac_address,
                "IPv4Address": format!("{}/{}", place.address, place.prefix),
                "IPv6Address": "",
            });
            members.insert(container.id.to_string(), member);
        }
    }
    Value::Object(members)
}
