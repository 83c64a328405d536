//! After a failed update with `failure_action: rollback`: what was there before comes back.

use super::existing::{is_active, is_one_off};
use super::handover::{Handover, beside};
use super::reason::Reason;
use super::step::{NodeId, Plan, container_label};
use super::update::Update;
use crate::model::{FailureAction, Project, Service, UpdateOrder};
use engine_spec::{Action, ContainerName, Observed, ObservedContainer, ServiceName, compose_label};

/// Puts back the containers that an update replaced, as they were in `before`, in every service that
/// asks for it, in the groups and the order of its `rollback_config`. Volumes stay.
#[must_use]
pub fn rollback(project: &Project, before: &Observed, now: &Observed) -> Plan {
    let mut plan = Plan::default();
    for (name, service) in project.services.iter().filter(|(_, service)| asks_for_rollback(service)) {
        let lost: Vec<_> = lost(project, name, before, now).collect();
        let update = Update::back(service, u32::try_from(lost.len()).unwrap_or(u32::MAX));
        let mut follows = Vec::new();
        let mut groups = update.groups(&lost).peekable();
        while let Some(group) = groups.next() {
            let mut ends = Vec::new();
            for lost in group {
                let first = plan.nodes.len();
                ends.push(put_back(&mut plan, lost, &update));
                plan.nodes[first].follows.clone_from(&follows);
            }
            let labels: Vec<_> = group.iter().map(|lost| container_label(lost.old.name())).collect();
            plan.bear_failures(&update, name, &labels);
            if groups.peek().is_some() {
                follows = plan.pause(&update, name, ends);
            }
        }
    }
    plan
}

/// A container that an update replaced or removed.
struct Lost<'a> {
    old: &'a ObservedContainer,
    /// What has its name now.
    found: Option<&'a ObservedContainer>,
}

fn lost<'a>(
    project: &'a Project,
    service: &'a ServiceName,
    before: &'a Observed,
    now: &'a Observed,
) -> impl Iterator<Item = Lost<'a>> {
    let is_theirs = move |container: &&ObservedContainer| {
        container.is_of(&project.name)
            && container.label(compose_label::SERVICE) == Some(service.as_str())
            && !is_one_off(container)
    };
    before.containers.iter().filter(is_theirs).filter_map(|old| {
        let found = now.containers.iter().find(|found| found.name() == old.name());
        (!found.is_some_and(|found| is_same(found, old))).then_some(Lost { old, found })
    })
}

fn asks_for_rollback(service: &Service) -> bool {
    let config = service.deploy.as_ref().and_then(|deploy| deploy.update_config.as_ref());
    config.is_some_and(|config| config.failure_action == Some(FailureAction::Rollback))
}

fn is_same(found: &ObservedContainer, old: &ObservedContainer) -> bool {
    found.label(compose_label::CONFIG_HASH) == old.label(compose_label::CONFIG_HASH)
        && found.spec.image_id == old.spec.image_id
}

/// Makes the old container anew, in the place of what has its name now; returns the last step.
fn put_back(plan: &mut Plan, lost: &Lost<'_>, update: &Update) -> NodeId {
    match lost.found {
        None => recreate(plan, lost.old),
        Some(found) if is_active(found) && update.order == UpdateOrder::StartFirst => {
            hand_back(plan, lost.old, found, update)
        }
        Some(found) => swap(plan, lost.old, found, update),
    }
}

/// The old one starts while the new one serves.
fn hand_back(plan: &mut Plan, old: &ObservedContainer, found: &ObservedContainer, update: &Update) -> NodeId {
    let (name, reason) = (old.name(), &Reason::RolledBack);
    let label = container_label(name);
    let temporary = beside(found.id.short(), name);
    let create = create_beside(plan, old, &temporary, true);
    let start = plan.add(Action::StartContainer { name: temporary.clone() }, &[create], reason, &label);
    let ready = plan.watch(update, &temporary, reason, start);
    let handover = Handover {
        name,
        temporary: &temporary,
        old_id: found.id.short(),
        reason,
        label: &label,
        timeout: None,
    };
    plan.hand_over(&handover, create, ready).1
}

/// The new one goes before the old one starts.
fn swap(plan: &mut Plan, old: &ObservedContainer, found: &ObservedContainer, update: &Update) -> NodeId {
    let (name, reason) = (old.name(), &Reason::RolledBack);
    let label = container_label(name);
    let temporary = beside(found.id.short(), name);
    let mut last = create_beside(plan, old, &temporary, false);
    if is_active(found) {
        last = plan.stop(name, None, &[last], reason);
    }
    let remove = plan.remove(name, false, &[last], reason);
    let rename = Action::RenameContainer { from: temporary, to: name.clone() };
    let rename = plan.add(rename, &[remove], reason, &label);
    let start = plan.start(name, &[rename], reason);
    if update.is_rolling { plan.watch(update, name, reason, start) } else { start }
}

fn create_beside(
    plan: &mut Plan,
    old: &ObservedContainer,
    temporary: &ContainerName,
    standby: bool,
) -> NodeId {
    let mut spec = old.spec.clone();
    spec.name = temporary.clone();
    spec.standby = standby;
    let create = Action::CreateContainer { spec: Box::new(spec), inherit: Some(old.name().clone()) };
    plan.add(create, &[], &Reason::RolledBack, &container_label(old.name()))
}

fn recreate(plan: &mut Plan, old: &ObservedContainer) -> NodeId {
    let name: &ContainerName = old.name();
    let create = Action::CreateContainer { spec: Box::new(old.spec.clone()), inherit: None };
    let create = plan.add(create, &[], &Reason::RolledBack, &container_label(name));
    if is_active(old) { plan.start(name, &[create], &Reason::RolledBack) } else { create }
}
