//! `down`: containers, then what only they used.

use super::control::Labelled;
use super::existing::{is_hook, is_in, is_one_off, uses};
use super::options::DownOptions;
use super::reason::{Note, Reason};
use super::resource::{network_label, volume_label};
use super::step::{NodeId, Plan};
use crate::model::Project;
use engine_spec::{Action, ContainerName, Labels, Observed, ObservedContainer, ProjectName, compose_label};
use std::collections::BTreeMap;

/// Stops and removes the project's containers, networks and on request volumes, dependents first.
/// Works from labels alone; with a file, containers of other services are orphans and stay unless asked for.
#[must_use]
pub fn down(
    name: &ProjectName,
    project: Option<&Project>,
    observed: &Observed,
    options: &DownOptions,
) -> Plan {
    let labelled = Labelled::new(name, observed, |container| is_meant(container, project, options));
    let mut plan = Plan::default();
    let removed = remove_containers(&labelled, options, &mut plan);
    let down = Down { name, project, observed, removed };
    down.networks(&mut plan);
    if options.volumes {
        down.volumes(&mut plan);
    }
    if plan.is_empty() {
        plan.notes.push(Note::NothingFound);
    }
    plan
}

fn is_meant(container: &ObservedContainer, project: Option<&Project>, options: &DownOptions) -> bool {
    let service = container.label(compose_label::SERVICE).unwrap_or("");
    if !options.services.is_empty() {
        return options.services.iter().any(|name| name.as_str() == service);
    }
    let Some(project) = project else { return true };
    match project.service(service) {
        // A service whose profiles are not active is neither ours nor an orphan.
        Some(_) if !is_one_off(container) || is_hook(container) => project.services.contains_key(service),
        _ => options.remove_orphans,
    }
}

/// Stops and removes, each container after the removal of its dependents.
fn remove_containers(
    labelled: &Labelled<'_>,
    options: &DownOptions,
    plan: &mut Plan,
) -> BTreeMap<ContainerName, NodeId> {
    let mut removed = BTreeMap::new();
    let mut done: BTreeMap<&str, Vec<NodeId>> = BTreeMap::new();
    for (service, dependents) in labelled.reverse_order() {
        let after: Vec<NodeId> =
            dependents.iter().filter_map(|name| done.get(name)).flatten().copied().collect();
        for container in &labelled.services[service] {
            let after = plan.stop_gently(container, options.timeout, &after, &Reason::Requested);
            let remove = plan.remove(container.name(), options.volumes, &after, &Reason::Requested);
            done.entry(service).or_default().push(remove);
            removed.insert(container.name().clone(), remove);
        }
    }
    removed
}

struct Down<'a> {
    name: &'a ProjectName,
    project: Option<&'a Project>,
    observed: &'a Observed,
    removed: BTreeMap<ContainerName, NodeId>,
}

impl Down<'_> {
    fn networks(&self, plan: &mut Plan) {
        for network in &self.observed.networks {
            let name = &network.spec.name;
            let in_file =
                |project: &Project| project.networks.values().any(|network| network.name == name.as_str());
            if !self.is_ours(&network.spec.labels, in_file) {
                continue;
            }
            match self.removals(|container| is_in(container, name)) {
                Some(after) => {
                    let action = Action::RemoveNetwork { name: name.clone() };
                    plan.add(action, &after, &Reason::Requested, &network_label(name));
                }
                None => plan.notes.push(Note::NetworkInUse { network: name.clone() }),
            }
        }
    }

    fn volumes(&self, plan: &mut Plan) {
        for volume in self.observed.volumes.iter().filter(|volume| !volume.anonymous) {
            let name = &volume.spec.name;
            let in_file =
                |project: &Project| project.volumes.values().any(|volume| volume.name == name.as_str());
            if !self.is_ours(&volume.spec.labels, in_file) {
                continue;
            }
            match self.removals(|container| uses(container, name)) {
                Some(after) => {
                    let action = Action::RemoveVolume { name: name.clone() };
                    plan.add(action, &after, &Reason::Requested, &volume_label(name));
                }
                None => plan.notes.push(Note::VolumeInUse { volume: name.clone() }),
            }
        }
    }

    /// Whether something is the project's by label and, where there is a file, in it. External things have no label.
    fn is_ours(&self, labels: &Labels, in_file: impl Fn(&Project) -> bool) -> bool {
        labels.get(compose_label::PROJECT).map(String::as_str) == Some(self.name.as_str())
            && self.project.is_none_or(in_file)
    }

    /// The removals of all containers that use something; `None` if one of them stays.
    fn removals(&self, uses: impl Fn(&ObservedContainer) -> bool) -> Option<Vec<NodeId>> {
        let users = self.observed.containers.iter().filter(|container| uses(container));
        users.map(|container| self.removed.get(container.name()).copied()).collect()
    }
}
