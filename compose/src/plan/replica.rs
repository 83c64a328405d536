//! A service's containers as they are: which stay, which are replaced, which go.

use super::Recreate;
use super::attribute::AttributeError;
use super::container::{Blueprint, container_name};
use super::difference::container_changes;
use super::existing::is_active;
use super::mount::volume_name;
use super::reason::Reason;
use engine_spec::{
    ContainerName, Digest, MountSource, MountSpec, NetworkMode, NetworkName, ObservedContainer, VolumeName,
    compose_label,
};
use std::collections::BTreeMap;

/// What becomes of a service's containers.
#[derive(Default)]
pub(super) struct Replicas<'a> {
    /// They stay as they are.
    pub(super) kept: Vec<Replica<'a>>,
    /// They are replaced under their number.
    pub(super) replaced: Vec<(Replica<'a>, Reason)>,
    /// They are stopped and removed.
    pub(super) removed: Vec<(&'a ObservedContainer, Reason)>,
    /// The numbers of those to be made.
    pub(super) created: Vec<(u32, Reason)>,
}

/// A container with its number and the name it should have.
pub(super) struct Replica<'a> {
    pub(super) container: &'a ObservedContainer,
    pub(super) number: u32,
    pub(super) name: ContainerName,
}

/// What decides besides the containers themselves.
pub(super) struct Criteria<'a> {
    pub(super) policy: Recreate,
    pub(super) wanted: u32,
    /// A reason that holds for all of them, such as a namespace that is made anew.
    pub(super) common: Option<Reason>,
    /// What is made anew beneath them.
    pub(super) stale: &'a Stale,
}

/// Networks and volumes that are made anew, with the reason that holds for those who use them.
#[derive(Default)]
pub(super) struct Stale {
    pub(super) networks: BTreeMap<NetworkName, Reason>,
    pub(super) volumes: BTreeMap<VolumeName, Reason>,
}

/// Sorts a service's containers (reference: docker compose's convergence, scale rules included).
pub(super) fn sort<'a>(
    blueprint: &Blueprint<'_>,
    containers: &[&'a ObservedContainer],
    criteria: &Criteria<'_>,
) -> Result<Replicas<'a>, AttributeError> {
    let mut replicas = Replicas::default();
    let mut candidates = Vec::with_capacity(containers.len());
    for &container in containers {
        let number = number(container);
        let name = container_name(blueprint.project, blueprint.name, blueprint.service, number)?;
        // Half of an interrupted replacement: its other half is still there and goes on.
        if !is_better_half(container, containers, &name, blueprint.config_hash) {
            replicas.removed.push((container, Reason::Interrupted));
            continue;
        }
        let reason = reason_to_replace(blueprint, container, number, criteria)?;
        candidates.push((Replica { container, number, name }, reason));
    }
    // Stale ones go first when there are too many, then those with the highest numbers.
    candidates.sort_by_key(|(replica, reason)| {
        (reason.is_some(), is_obsolete(blueprint, replica.container), replica.number)
    });
    let highest = candidates.iter().map(|(replica, _)| replica.number).max().unwrap_or(0);
    let had_any = !candidates.is_empty();
    let count = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
    for (place, (replica, reason)) in (0..).zip(candidates) {
        match reason {
            _ if place >= criteria.wanted => replicas.removed.push((replica.container, Reason::ScaledDown)),
            Some(reason) => replicas.replaced.push((replica, reason)),
            None => replicas.kept.push(replica),
        }
    }
    let reason = if had_any { Reason::ScaledUp } else { Reason::Missing };
    let missing = criteria.wanted.saturating_sub(count);
    replicas.created = (highest + 1..=highest + missing).map(|number| (number, reason.clone())).collect();
    Ok(replicas)
}

/// Whether of all containers with one number this is the one to go on with: the one that has its name,
/// else the one that is as it should be.
fn is_better_half(
    container: &ObservedContainer,
    containers: &[&ObservedContainer],
    name: &ContainerName,
    config_hash: &str,
) -> bool {
    let rank = |half: &ObservedContainer| {
        let is_current = half.label(compose_label::CONFIG_HASH) == Some(config_hash);
        (half.name() == name, is_current, is_active(half), std::cmp::Reverse(half.name().clone()))
    };
    let halves = containers.iter().filter(|other| number(other) == number(container));
    halves.map(|half| rank(half)).max().is_none_or(|best| rank(container) >= best)
}

/// Whether it would be replaced, were that not forbidden (`--no-recreate`).
fn is_obsolete(blueprint: &Blueprint<'_>, container: &ObservedContainer) -> bool {
    container.label(compose_label::CONFIG_HASH) != Some(blueprint.config_hash)
        || container.spec.image_id != *blueprint.image_id
}

/// The number in a container's label, from 1.
pub(super) fn number(container: &ObservedContainer) -> u32 {
    container.label(compose_label::CONTAINER_NUMBER).and_then(|number| number.parse().ok()).unwrap_or(1)
}

/// The first reason that holds, in Docker Compose's order.
fn reason_to_replace(
    blueprint: &Blueprint<'_>,
    container: &ObservedContainer,
    number: u32,
    criteria: &Criteria<'_>,
) -> Result<Option<Reason>, AttributeError> {
    match criteria.policy {
        Recreate::Never => return Ok(None),
        Recreate::Always => return Ok(Some(Reason::Forced)),
        Recreate::Changed => {}
    }
    if let Some(reason) = &criteria.common {
        return Ok(Some(reason.clone()));
    }
    if container.label(compose_label::CONFIG_HASH) != Some(blueprint.config_hash) {
        let new = blueprint.container(number)?;
        let changes = container_changes(&container.spec, &new, &blueprint.project.places, &blueprint.path());
        return Ok(Some(Reason::ConfigChanged { changes }));
    }
    if container.spec.image_id != *blueprint.image_id {
        let (old, new) = (container.spec.image_id.clone(), blueprint.image_id.clone());
        let places = &blueprint.project.places;
        let image = |key| places.exact(&format!("{}.{key}", blueprint.path()));
        let place = image("image").or_else(|| image("build")).cloned();
        return Ok(Some(Reason::ImageChanged { old, new, place }));
    }
    if let Some((old, new)) = changed_mounted_image(blueprint, container, number)? {
        let place = blueprint.project.places.exact(&format!("{}.volumes", blueprint.path())).cloned();
        return Ok(Some(Reason::ImageChanged { old, new, place }));
    }
    if let Some(reason) = changed_network(blueprint, container, criteria.stale) {
        return Ok(Some(reason));
    }
    changed_volume(blueprint, container, criteria.stale)
}

/// An image that the container mounts, and that has another content by now.
fn changed_mounted_image(
    blueprint: &Blueprint<'_>,
    container: &ObservedContainer,
    number: u32,
) -> Result<Option<(Digest, Digest)>, AttributeError> {
    let images = |mounts: &[MountSpec]| -> Vec<Digest> {
        let images = mounts.iter().filter_map(|mount| match &mount.source {
            MountSource::Image { id, .. } => Some(id.clone()),
            _ => None,
        });
        images.collect()
    };
    let old = images(&container.spec.mounts);
    if old.is_empty() {
        return Ok(None);
    }
    let new = images(&blueprint.container(number)?.mounts);
    Ok(old.into_iter().zip(new).find(|(old, new)| old != new))
}

/// A network of the service that the container is not in, or that is made anew.
fn changed_network(
    blueprint: &Blueprint<'_>,
    container: &ObservedContainer,
    stale: &Stale,
) -> Option<Reason> {
    let NetworkMode::Networks { endpoints } = &container.spec.network else { return None };
    if let Some(reason) = endpoints.iter().find_map(|endpoint| stale.networks.get(&endpoint.network)) {
        return Some(reason.clone());
    }
    let wanted = blueprint.service.networks.keys().filter_map(|key| blueprint.project.networks.get(key));
    let missing = wanted
        .map(|network| network.name.as_str())
        .find(|name| !endpoints.iter().any(|endpoint| endpoint.network.as_str() == *name))?;
    Some(Reason::NetworkChanged { network: NetworkName::new(missing).ok()?, changes: Vec::new() })
}

/// A named volume of the service that the container does not use, or that is made anew.
fn changed_volume(
    blueprint: &Blueprint<'_>,
    container: &ObservedContainer,
    stale: &Stale,
) -> Result<Option<Reason>, AttributeError> {
    for key in blueprint.service.volume_keys() {
        let volume = volume_name(blueprint.project, key)?;
        if let Some(reason) = stale.volumes.get(&volume) {
            return Ok(Some(reason.clone()));
        }
        let is_used = |mount: &MountSpec| matches!(&mount.source, MountSource::Volume { name: Some(name), .. } if *name == volume);
        if !container.spec.mounts.iter().any(is_used) {
            return Ok(Some(Reason::VolumeChanged { volume, changes: Vec::new() }));
        }
    }
    Ok(None)
}
