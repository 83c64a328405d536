//! Which containers a list shows: docker's filters.

use crate::error::CommandError;
use crate::filter::{Filters, is_boolean, is_true, matches_name};
use engine::image::Store;
use engine::state::Layout;
use engine::state::container::resolve;
use engine_spec::{
    ContainerId, Digest, Health, MountSource, NetworkMode, Observed, ObservedContainer, Status,
};
use std::time::SystemTime;

/// The filters that there are.
pub(super) const KEYS: &[&str] = &[
    "ancestor", "before", "exited", "expose", "health", "id", "is-task", "label", "label!", "name",
    "network", "publish", "since", "status", "volume",
];

const STATES: &str = "created, dead, exited, paused, removing, restarting, running";
const HEALTH: &str = "healthy, none, starting, unhealthy";

/// Filters, with what they refer to looked up.
pub(super) struct Choice<'a> {
    filters: Filters<'a>,
    observed: &'a Observed,
    ancestors: Vec<Digest>,
    before: Option<SystemTime>,
    since: Option<SystemTime>,
}

impl<'a> Choice<'a> {
    /// Looks up the containers and images that filters name.
    pub(super) fn new(
        filters: Filters<'a>,
        layout: &Layout,
        store: &Store,
        observed: &'a Observed,
    ) -> Result<Self, CommandError> {
        filters.check("status", STATES, |value| STATES.split(", ").any(|state| state == value))?;
        filters.check("health", HEALTH, |value| HEALTH.split(", ").any(|health| health == value))?;
        filters.check("exited", "an exit code", |value| value.parse::<i32>().is_ok())?;
        filters.check("is-task", "true or false", is_boolean)?;
        let made_at = |key: &str| -> Result<Option<SystemTime>, CommandError> {
            let Some(text) = filters.values(key).last() else { return Ok(None) };
            let id = resolve(layout, text)?;
            Ok(observed.containers.iter().find(|container| container.id == id).map(|found| found.created_at))
        };
        let mut ancestors = Vec::new();
        for image in filters.values("ancestor") {
            ancestors.extend(store.resolve(image)?.map(|image| image.id));
        }
        Ok(Self { filters, observed, ancestors, before: made_at("before")?, since: made_at("since")? })
    }

    /// Those that fit, newest first; without `all`, or a state that is asked for, those that run.
    pub(super) fn containers(&self, all: bool) -> Vec<&'a ObservedContainer> {
        let all = all || self.filters.values("status").chain(self.filters.values("exited")).next().is_some();
        let runs = |status: &Status| status.is_running() || matches!(status, Status::Restarting { .. });
        let observed = self.observed.containers.iter();
        let mut chosen: Vec<_> =
            observed.filter(|found| (all || runs(&found.status)) && self.fits(found)).collect();
        chosen.sort_by_key(|container| std::cmp::Reverse(container.created_at));
        chosen
    }

    fn fits(&self, container: &ObservedContainer) -> bool {
        let filters = self.filters;
        let spec = &container.spec;
        filters.allow_labels(&spec.labels)
            && filters.allow("id", |id| container.id.as_str().starts_with(id))
            && filters.allow("name", |name| matches_name(spec.name.as_str(), name))
            && filters.allow("status", |status| container.status.state() == status)
            && filters.allow("exited", |code| {
                exit_code(&container.status).is_some_and(|own| own.to_string() == code)
            })
            && filters.allow("health", |health| health_word(&container.status) == health)
            && filters.allow("is-task", |is_task| !is_true(is_task))
            && filters.allow("ancestor", |_| self.ancestors.contains(&spec.image_id))
            && filters.allow("volume", |volume| uses_volume(container, volume))
            && filters.allow("network", |network| is_in_network(container, network, self.observed))
            && filters.allow("publish", |port| publishes(container, port))
            && filters.allow("expose", |port| exposes(container, port))
            && self.before.is_none_or(|time| container.created_at < time)
            && self.since.is_none_or(|time| container.created_at > time)
    }
}

fn exit_code(status: &Status) -> Option<i32> {
    match status {
        Status::Exited { exit_code, .. } => *exit_code,
        Status::Created | Status::Running { .. } | Status::Paused { .. } | Status::Restarting { .. } => None,
    }
}

fn health_word(status: &Status) -> &'static str {
    match status {
        Status::Running { health: Some(health), .. } => match health {
            Health::Starting => "starting",
            Health::Healthy => "healthy",
            Health::Unhealthy => "unhealthy",
        },
        _ => "none",
    }
}

/// By the volume's name, the path on the host, or the path in the container.
fn uses_volume(container: &ObservedContainer, wanted: &str) -> bool {
    let volumes = container.volumes.iter().any(|(target, name)| target == wanted || name.as_str() == wanted);
    volumes
        || container.spec.mounts.iter().any(|mount| {
            let is_source =
                matches!(&mount.source, MountSource::Bind { path, .. } if path.as_os_str() == wanted);
            is_source || mount.target.as_os_str() == wanted
        })
}

/// By the network's name or id.
fn is_in_network(container: &ObservedContainer, wanted: &str, observed: &Observed) -> bool {
    let is_meant = |name: &str| {
        let id = |id: &ContainerId| id.as_str().starts_with(wanted);
        name == wanted
            || observed.networks.iter().any(|network| network.spec.name.as_str() == name && id(&network.id))
    };
    match &container.spec.network {
        NetworkMode::None => wanted == "none",
        NetworkMode::Host => wanted == "host",
        NetworkMode::Container { .. } => false,
        NetworkMode::Networks { endpoints } => {
            endpoints.iter().any(|endpoint| is_meant(endpoint.network.as_str()))
        }
    }
}

/// `80`, `80/tcp` or `80-90`, on either side.
fn publishes(container: &ObservedContainer, wanted: &str) -> bool {
    container.ports.iter().any(|port| {
        let protocol = port.protocol.to_string();
        is_port(wanted, port.host_port, &protocol) || is_port(wanted, port.target, &protocol)
    })
}

fn exposes(container: &ObservedContainer, wanted: &str) -> bool {
    let declared = container.spec.expose.iter().filter_map(|port| {
        let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
        Some((number.parse::<u16>().ok()?, protocol.to_owned()))
    });
    let published = container.spec.ports.iter().map(|port| (port.target, port.protocol.to_string()));
    declared.chain(published).any(|(port, protocol)| is_port(wanted, port, &protocol))
}

fn is_port(wanted: &str, port: u16, protocol: &str) -> bool {
    let (range, wanted_protocol) = wanted.split_once('/').unwrap_or((wanted, "tcp"));
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let bounds = first.parse::<u16>().ok().zip(last.parse::<u16>().ok());
    wanted_protocol == protocol && bounds.is_some_and(|(first, last)| (first..=last).contains(&port))
}
