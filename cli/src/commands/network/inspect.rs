//! `network inspect`: prints all there is to know of networks.

use super::{PREDEFINED, find, is_predefined};
use crate::error::CommandError;
use crate::session::Session;
use crate::show::clock;
use crate::show::format::{ValueFormat, print_values};
use clap::Args;
use engine_spec::{IpamPool, Observed, ObservedEndpoint, ObservedNetwork};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Options of `network inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The networks, by name, id or the start of an id
    #[arg(value_name = "NETWORK", required = true)]
    networks: Vec<String>,
    /// Print as `json`, or each network through a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<ValueFormat>,
}

impl Inspect {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, observed) = session.look(None)?;
        let mut values = Vec::new();
        for text in &self.networks {
            values.push(match find(&layout, text) {
                Ok(network) => describe(&network, &observed),
                Err(_) if is_predefined(text) => predefined(text),
                Err(error) => return Err(error),
            });
        }
        print_values(self.format.as_ref(), &values)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A network in the shape of docker's answer.
fn describe(network: &ObservedNetwork, observed: &Observed) -> Value {
    let spec = &network.spec;
    json!({
        "Name": spec.name,
        "Id": network.id,
        "Created": clock::rfc3339(network.created_at),
        "Scope": "local",
        "Driver": spec.driver,
        "EnableIPv4": spec.enable_ipv4,
        "EnableIPv6": spec.enable_ipv6,
        "IPAM": {
            "Driver": "default",
            "Options": {},
            "Config": spec.pools.iter().map(pool).collect::<Vec<_>>(),
        },
        "Internal": spec.internal,
        "Attachable": spec.attachable,
        "Ingress": false,
        "ConfigOnly": false,
        "Containers": containers(network, observed),
        "Options": spec.driver_opts,
        "Labels": spec.labels,
    })
}

fn pool(pool: &IpamPool) -> Value {
    let mut config = json!({ "Subnet": pool.subnet });
    if let Some(range) = pool.ip_range {
        config["IPRange"] = json!(range);
    }
    if let Some(gateway) = pool.gateway {
        config["Gateway"] = json!(gateway);
    }
    if !pool.aux_addresses.is_empty() {
        config["AuxiliaryAddresses"] = json!(pool.aux_addresses);
    }
    config
}

/// Those that run, by id.
fn containers(network: &ObservedNetwork, observed: &Observed) -> Value {
    let place = |endpoints: &[ObservedEndpoint]| {
        endpoints.iter().find(|endpoint| endpoint.network == network.spec.name).cloned()
    };
    let running = observed.containers.iter().filter(|container| container.status.is_running());
    let places = running.filter_map(|container| Some((container, place(&container.endpoints)?)));
    let entry = |(container, place): (&engine_spec::ObservedContainer, ObservedEndpoint)| {
        let ipv4 = place.address.is_ipv4().then(|| format!("{}/{}", place.address, place.prefix));
        let value = json!({
            "Name": container.spec.name,
            "MacAddress": place.mac_address,
            "IPv4Address": ipv4.unwrap_or_default(),
            "IPv6Address": place.ipv6.map(|net| net.to_string()).unwrap_or_default(),
        });
        (container.id.to_string(), value)
    };
    Value::Object(places.map(entry).collect::<Map<_, _>>())
}

/// One that is there without being made.
fn predefined(name: &str) -> Value {
    let driver = PREDEFINED.iter().find(|(known, _)| *known == name).map(|(_, driver)| *driver);
    json!({
        "Name": name,
        "Scope": "local",
        "Driver": driver,
        "EnableIPv4": true,
        "EnableIPv6": false,
        "IPAM": { "Driver": "default", "Options": null, "Config": [] },
        "Internal": false,
        "Containers": {},
        "Options": {},
        "Labels": {},
    })
}
