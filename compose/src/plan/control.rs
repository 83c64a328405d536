//! `stop`, `start` and `restart`: containers that exist, in an order that their labels tell.

use super::existing::{is_active, is_one_off};
use super::options::ControlOptions;
use super::reason::{Note, Reason};
use super::step::{NodeId, Plan, container_label};
use crate::graph::dependency_components;
use engine_spec::{Action, Condition, Observed, ObservedContainer, ProjectName, ServiceName, compose_label};
use std::collections::{BTreeMap, BTreeSet};

/// A project's containers by service, and what their labels say of dependencies.
pub(super) struct Labelled<'a> {
    pub(super) services: BTreeMap<&'a str, Vec<&'a ObservedContainer>>,
    needs: BTreeMap<&'a str, Vec<Need<'a>>>,
}

/// One entry of the `depends_on` label.
#[derive(Clone, Copy)]
struct Need<'a> {
    service: &'a str,
    condition: &'a str,
    restart: bool,
}

impl<'a> Labelled<'a> {
    /// Groups containers that `is_meant`.
    pub(super) fn new(
        name: &ProjectName,
        observed: &'a Observed,
        is_meant: impl Fn(&ObservedContainer) -> bool,
    ) -> Self {
        let mut labelled = Self { services: BTreeMap::new(), needs: BTreeMap::new() };
        for container in
            observed.containers.iter().filter(|container| container.is_of(name) && is_meant(container))
        {
            let service = container.label(compose_label::SERVICE).unwrap_or("");
            labelled.services.entry(service).or_default().push(container);
            let label = container.label(compose_label::DEPENDS_ON).unwrap_or("");
            labelled.needs.entry(service).or_insert_with(|| label.split(',').filter_map(need).collect());
        }
        labelled
    }

    /// The services, each after those it needs.
    pub(super) fn order(&self) -> Vec<&'a str> {
        let names = self.services.keys().copied().collect();
        let needs = |name: &'a str| self.needs_of(name).map(|need| need.service).collect();
        dependency_components(names, needs).into_iter().flatten().collect()
    }

    /// The services, each after those that need it, with the names of the latter.
    pub(super) fn reverse_order(&self) -> Vec<(&'a str, Vec<&'a str>)> {
        let mut dependents: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
        let order = self.order();
        for name in &order {
            for need in self.needs_of(name) {
                dependents.entry(need.service).or_default().push(name);
            }
        }
        let names = order.into_iter().rev();
        names.map(|name| (name, dependents.remove(name).unwrap_or_default())).collect()
    }

    fn needs_of(&self, name: &str) -> impl Iterator<Item = Need<'a>> {
        self.needs.get(name).into_iter().flatten().copied()
    }
}

/// `dependency:condition:restart`; older labels end earlier.
fn need(entry: &str) -> Option<Need<'_>> {
    let mut parts = entry.split(':');
    let service = parts.next().filter(|service| !service.is_empty())?;
    let condition = parts.next().unwrap_or("service_started");
    Some(Need { service, condition, restart: parts.next() == Some("true") })
}

fn is_chosen(services: &[ServiceName], service: &str) -> bool {
    services.is_empty() || services.iter().any(|name| name.as_str() == service)
}

/// Stops containers, dependents first.
#[must_use]
pub fn stop(name: &ProjectName, observed: &Observed, options: &ControlOptions) -> Plan {
    let labelled = Labelled::new(name, observed, |container| !is_one_off(container) && is_active(container));
    let mut plan = Plan::default();
    let mut done: BTreeMap<&str, Vec<NodeId>> = BTreeMap::new();
    for (service, dependents) in labelled.reverse_order() {
        if !is_chosen(&options.services, service) {
            continue;
        }
        let after: Vec<NodeId> =
            dependents.iter().filter_map(|name| done.get(name)).flatten().copied().collect();
        let containers = labelled.services[service].iter();
        let stops = containers
            .flat_map(|container| plan.stop_gently(container, options.timeout, &after, &Reason::Requested));
        let stops = stops.collect();
        done.insert(service, stops);
    }
    plan
}

/// Starts containers that exist, dependencies first, with their conditions.
#[must_use]
pub fn start(name: &ProjectName, observed: &Observed, options: &ControlOptions) -> Plan {
    let labelled = Labelled::new(name, observed, |container| !is_one_off(container));
    let mut plan = Plan::default();
    if labelled.services.is_empty() {
        plan.notes.push(Note::NothingFound);
    }
    let chosen = with_dependencies(&labelled, &options.services);
    let mut started: BTreeMap<&str, Vec<NodeId>> = BTreeMap::new();
    for service in labelled.order().into_iter().filter(|service| chosen.contains(service)) {
        let idle: Vec<_> =
            labelled.services[service].iter().filter(|container| !is_active(container)).collect();
        if idle.is_empty() {
            continue;
        }
        let gates: Vec<NodeId> = labelled
            .needs_of(service)
            .flat_map(|need| gates(&mut plan, &labelled, need, service, &started))
            .collect();
        let starts =
            idle.iter().flat_map(|container| plan.start_with_hooks(container, &gates, &Reason::Requested));
        let starts = starts.collect();
        started.insert(service, starts);
    }
    if options.wait {
        wait_for(&mut plan, &labelled, &chosen, &started);
    }
    plan
}

/// `start --wait`: every container runs, or is healthy, or has done its work.
fn wait_for(
    plan: &mut Plan,
    labelled: &Labelled<'_>,
    chosen: &BTreeSet<&str>,
    started: &BTreeMap<&str, Vec<NodeId>>,
) {
    let reason = Reason::AwaitedBy { service: None };
    for service in chosen {
        let after = started.get(service).cloned().unwrap_or_default();
        for container in labelled.services.get(service).into_iter().flatten() {
            let name = container.name().clone();
            let label = container_label(&name);
            let action = Action::WaitContainer { name, condition: Condition::Settled, optional: false };
            plan.add(action, &after, &reason, &label);
        }
    }
}

/// The named services and all that they need; none named means all.
fn with_dependencies<'a>(labelled: &Labelled<'a>, services: &[ServiceName]) -> BTreeSet<&'a str> {
    let mut open: Vec<&str> =
        labelled.services.keys().copied().filter(|service| is_chosen(services, service)).collect();
    let mut chosen = BTreeSet::new();
    while let Some(service) = open.pop() {
        if chosen.insert(service) {
            open.extend(labelled.needs_of(service).map(|need| need.service));
        }
    }
    chosen
}

/// The steps behind which a dependent may start.
fn gates(
    plan: &mut Plan,
    labelled: &Labelled<'_>,
    need: Need<'_>,
    dependent: &str,
    started: &BTreeMap<&str, Vec<NodeId>>,
) -> Vec<NodeId> {
    let after = started.get(need.service).cloned().unwrap_or_default();
    let condition = match need.condition {
        "service_healthy" => Condition::Healthy,
        "service_completed_successfully" => Condition::CompletedSuccessfully,
        _ => return after,
    };
    let reason = Reason::AwaitedBy { service: ServiceName::new(dependent).ok() };
    let containers = labelled.services.get(need.service).into_iter().flatten();
    containers
        .map(|container| {
            // From labels alone it is not known whether the dependency is required (docker compose: it is not).
            let action = Action::WaitContainer { name: container.name().clone(), condition, optional: true };
            plan.add(action, &after, &reason, &container_label(container.name()))
        })
        .collect()
}

/// Stops and starts containers, and dependents that ask for it (`depends_on.<service>.restart`).
#[must_use]
pub fn restart(name: &ProjectName, observed: &Observed, options: &ControlOptions) -> Plan {
    let labelled = Labelled::new(name, observed, |container| !is_one_off(container));
    let mut plan = Plan::default();
    let mut started: BTreeMap<&str, Vec<NodeId>> = BTreeMap::new();
    for service in labelled.order() {
        let causes: Vec<Need<'_>> = labelled
            .needs_of(service)
            .filter(|need| need.restart && started.contains_key(need.service))
            .collect();
        let reason = match causes.first() {
            _ if is_chosen(&options.services, service) => Reason::Requested,
            Some(need) if !options.no_dependents => match ServiceName::new(need.service) {
                Ok(service) => Reason::DependencyRestarted { service },
                Err(_) => continue,
            },
            _ => continue,
        };
        let after: Vec<NodeId> =
            causes.iter().flat_map(|need| gates(&mut plan, &labelled, *need, service, &started)).collect();
        let starts = labelled.services[service].iter().flat_map(|container| {
            let after = plan.stop_gently(container, options.timeout, &after, &reason);
            plan.start_with_hooks(container, &after, &reason)
        });
        let starts = starts.collect();
        started.insert(service, starts);
    }
    plan
}
