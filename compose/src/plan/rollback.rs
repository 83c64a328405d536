//! After a failed update with `failure_action: rollback`: what was there before comes back.

use super::existing::{is_active, is_one_off};
use super::handover::{Handover, beside};
use super::reason::Reason;
use super::step::{Plan, container_label};
use crate::model::{FailureAction, Project};
use engine_spec::{Action, Condition, ContainerName, Observed, ObservedContainer, compose_label};

/// Puts back the containers that an update replaced, as they were in `before`, in every service that
/// asks for it. A container that runs hands over to its predecessor; its volumes stay.
#[must_use]
pub fn rollback(project: &Project, before: &Observed, now: &Observed) -> Plan {
    let mut plan = Plan::default();
    let theirs = before.containers.iter().filter(|container| container.is_of(&project.name));
    for old in theirs.filter(|container| !is_one_off(container) && asks_for_rollback(project, container)) {
        match now.containers.iter().find(|found| found.name() == old.name()) {
            Some(found) if is_same(found, old) => {}
            Some(found) => put_back(&mut plan, old, found),
            None => recreate(&mut plan, old),
        }
    }
    plan
}

fn asks_for_rollback(project: &Project, container: &ObservedContainer) -> bool {
    let service = container.label(compose_label::SERVICE).and_then(|name| project.service(name));
    let config = service.and_then(|service| service.deploy.as_ref()?.update_config.as_ref());
    config.is_some_and(|config| config.failure_action == Some(FailureAction::Rollback))
}

fn is_same(found: &ObservedContainer, old: &ObservedContainer) -> bool {
    found.label(compose_label::CONFIG_HASH) == old.label(compose_label::CONFIG_HASH)
        && found.spec.image_id == old.spec.image_id
}

fn put_back(plan: &mut Plan, old: &ObservedContainer, found: &ObservedContainer) {
    let (name, reason) = (old.name(), &Reason::RolledBack);
    let label = container_label(name);
    let temporary = beside(found.id.short(), name);
    let mut spec = old.spec.clone();
    spec.name = temporary.clone();
    spec.standby = is_active(found);
    let create = Action::CreateContainer { spec: Box::new(spec), inherit: Some(name.clone()) };
    let create = plan.add(create, &[], reason, &label);
    if !is_active(found) {
        let remove = plan.remove(name, false, &[create], reason);
        let rename = Action::RenameContainer { from: temporary, to: name.clone() };
        let rename = plan.add(rename, &[remove], reason, &label);
        plan.start(name, &[rename], reason);
        return;
    }
    let start = plan.add(Action::StartContainer { name: temporary.clone() }, &[create], reason, &label);
    let condition = Condition::RunningOrHealthy;
    let wait = Action::WaitContainer { name: temporary.clone(), condition, optional: false };
    let ready = plan.add(wait, &[start], reason, &label);
    let handover = Handover {
        name,
        temporary: &temporary,
        old_id: found.id.short(),
        reason,
        label: &label,
        timeout: None,
    };
    plan.hand_over(&handover, create, ready);
}

fn recreate(plan: &mut Plan, old: &ObservedContainer) {
    let name: &ContainerName = old.name();
    let create = Action::CreateContainer { spec: Box::new(old.spec.clone()), inherit: None };
    let create = plan.add(create, &[], &Reason::RolledBack, &container_label(name));
    if is_active(old) {
        plan.start(name, &[create], &Reason::RolledBack);
    }
}
