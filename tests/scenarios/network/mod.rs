//! Networks, addresses, published ports and names, from outside and from inside containers.

mod address;
mod attributes;
mod clients;
mod coexistence;
mod datagrams;
mod dns;
mod driver;
mod firewall;
mod ipv6;
mod paths;
mod remains;
mod scarcity;
mod sctp;
mod servers;
mod shared_port;
mod uplink;
mod verbs;

use scenarios::Project;
use serde_json::Value;

/// What `network inspect` shows of a network of the project.
#[track_caller]
fn network(project: &Project<'_>, key: &str) -> Value {
    let name = format!("{}_{key}", project.name());
    let shown = project.run(&["network", "inspect", &name]).succeeds().stdout;
    let mut all: Value = serde_json::from_str(&shown).expect("inspect prints JSON");
    all[0].take()
}

/// A container's address in its only network, as it is seen from inside.
#[track_caller]
fn address(project: &Project<'_>, service: &str) -> String {
    project.shell(service, "hostname -i").split_whitespace().next().expect("an address").to_owned()
}
