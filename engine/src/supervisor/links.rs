//! Other containers by the names that links give them: lines of /etc/hosts, and the variables that
//! Docker's links have always set. Names of the same project are for the name server.

use super::Supervised;
use crate::state::container;
use engine_spec::{ContainerName, LinkSpec, NetworkMode, ObservedEndpoint};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Variables that mean something else in every container.
const OWN: [&str; 2] = ["HOME", "PATH"];

/// A link cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot link to container {0}: there is none of that name")]
pub(super) struct LinkError(ContainerName);

/// The address of each link's container that has one, the link, and the container's record.
fn reached(supervised: &Supervised) -> impl Iterator<Item = (&LinkSpec, IpAddr, container::ContainerRecord)> {
    let networks: Vec<_> = supervised.endpoints().iter().map(|endpoint| endpoint.network.clone()).collect();
    supervised.record.spec.links.iter().filter_map(move |link| {
        let id = container::by_name(&supervised.layout, &link.container)?;
        let record = container::load(&supervised.layout, &id).ok()??;
        let endpoints = container::status(&supervised.layout, &id).ok()?.endpoints;
        let is_shared = |endpoint: &&ObservedEndpoint| networks.contains(&endpoint.network);
        let endpoint = endpoints.iter().find(is_shared).or(endpoints.first())?;
        Some((link, endpoint.address, record))
    })
}

/// Whether every container outside of the project is there.
pub(super) fn check(supervised: &Supervised) -> Result<(), LinkError> {
    let exists = |link: &&LinkSpec| container::by_name(&supervised.layout, &link.container).is_some();
    let missing = supervised.record.spec.links.iter().find(|link| link.service.is_none() && !exists(link));
    missing.map_or(Ok(()), |link| Err(LinkError(link.container.clone())))
}

/// Lines of /etc/hosts for containers that the name server does not know by their alias.
pub(super) fn hosts(supervised: &Supervised) -> String {
    let has_names = matches!(supervised.record.spec.network, NetworkMode::Networks { .. });
    let unknown = reached(supervised).filter(|(link, ..)| link.service.is_none() || !has_names);
    unknown.map(|(link, address, _)| format!("{address}\t{}\n", link.alias)).collect()
}

/// What the name server answers each alias with.
pub(super) fn aliases(supervised: &Supervised) -> BTreeMap<String, String> {
    let of_service = |link: &LinkSpec| Some((link.alias.clone(), link.service.as_ref()?.to_string()));
    supervised.record.spec.links.iter().filter_map(of_service).collect()
}

/// `DB_PORT_5432_TCP_ADDR` and the like. What the container or its image sets itself is left to them.
pub(super) fn variables(supervised: &Supervised) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let own = supervised.record.spec.name.as_str();
    for (link, address, record) in reached(supervised) {
        let prefix = link.alias.to_uppercase().replace('-', "_");
        variables.insert(format!("{prefix}_NAME"), format!("/{own}/{}", link.alias));
        for (number, (port, protocol)) in ports(&record).into_iter().enumerate() {
            let url = format!("{protocol}://{address}:{port}");
            if number == 0 {
                variables.insert(format!("{prefix}_PORT"), url.clone());
            }
            let name = format!("{prefix}_PORT_{port}_{}", protocol.to_uppercase());
            variables.insert(format!("{name}_ADDR"), address.to_string());
            variables.insert(format!("{name}_PORT"), port.to_string());
            variables.insert(format!("{name}_PROTO"), protocol);
            variables.insert(name, url);
        }
        for (key, value) in environment(&record) {
            variables.insert(format!("{prefix}_ENV_{key}"), value);
        }
    }
    let set = environment(&supervised.record);
    variables.retain(|name, _| !set.contains_key(name));
    variables
}

/// The ports that a container listens on, by number.
fn ports(record: &container::ContainerRecord) -> BTreeSet<(u16, String)> {
    let listed = record.spec.expose.iter().chain(&record.image.exposed_ports).filter_map(|port| {
        let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
        Some((number.parse().ok()?, protocol.to_owned()))
    });
    let published = record.spec.ports.iter().map(|port| (port.target, port.protocol.to_string()));
    listed.chain(published).collect()
}

/// The variables that a container's process starts with.
fn environment(record: &container::ContainerRecord) -> BTreeMap<String, String> {
    let of_image = record.image.environment.iter().filter_map(|line| line.split_once('='));
    let mut all: BTreeMap<String, String> =
        of_image.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    for (key, value) in &record.spec.process.environment {
        match value {
            Some(value) => drop(all.insert(key.clone(), value.clone())),
            None => drop(all.remove(key)),
        }
    }
    all.retain(|key, _| !OWN.contains(&key.as_str()));
    all
}
