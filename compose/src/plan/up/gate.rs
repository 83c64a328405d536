//! What has to have come how far before a service may start.

use super::{Planned, Up};
use crate::model::{Dependency, DependencyCondition, Service};
use crate::plan::container::Blueprint;
use crate::plan::existing::is_active;
use crate::plan::reason::Reason;
use crate::plan::step::{NodeId, container_label};
use engine_spec::{Action, Condition, ServiceName};
use std::collections::BTreeSet;

impl Up<'_> {
    /// A dependency with `restart: true` that is replaced.
    pub(super) fn restarted_dependency(&self, service: &Service) -> Option<Reason> {
        let is_restarted = |(name, dependency): &(&ServiceName, &Dependency)| {
            dependency.restart && self.outcomes.get(name.as_str()).is_some_and(|outcome| outcome.is_recreated)
        };
        let (name, _) = service.depends_on.iter().find(is_restarted)?;
        Some(Reason::DependencyRestarted { service: name.clone() })
    }

    /// Stops the containers of services that depend on `name` with `restart: true`: they shall not see
    /// it go. Each is started again where its own service is planned.
    pub(super) fn stop_dependents(&mut self, name: &ServiceName) {
        let asks = |service: &ServiceName| {
            let service = self.project.service(service.as_str());
            service
                .and_then(|service| service.depends_on.get(name))
                .is_some_and(|dependency| dependency.restart)
        };
        let dependents: Vec<_> = self.selection.services().filter(|service| asks(service)).collect();
        let reason = Reason::DependencyRestarted { service: name.clone() };
        for dependent in dependents {
            for container in self.existing.get(dependent.as_str()).cloned().unwrap_or_default() {
                let name = container.name();
                if is_active(container) && !self.gone.contains_key(name) && !self.stopped.contains_key(name) {
                    let stop = self.plan.stop(name, self.options.timeout, &[], &reason);
                    self.stopped.insert(name.clone(), stop);
                }
            }
        }
    }

    /// The steps that stop containers for the sake of a service.
    pub(super) fn stops_for(&self, name: &ServiceName) -> Vec<NodeId> {
        let reason = Reason::DependencyRestarted { service: name.clone() };
        self.stopped.values().copied().filter(|stop| self.plan.nodes[stop.0].reason == reason).collect()
    }

    /// The steps behind which a service may start.
    pub(super) fn gates(&mut self, blueprint: &Blueprint<'_>) -> Vec<NodeId> {
        let mut gates = Vec::new();
        for (name, dependency) in &blueprint.service.depends_on {
            let Some(outcome) = self.outcomes.remove(name.as_str()) else { continue };
            for planned in &outcome.containers {
                gates.extend(self.gate(planned, dependency, blueprint.name));
            }
            if let Some((key, _)) = self.project.service_entry(name.as_str()) {
                self.outcomes.insert(key.as_str(), outcome);
            }
        }
        gates
    }

    fn gate(&mut self, planned: &Planned, dependency: &Dependency, service: &ServiceName) -> Option<NodeId> {
        let condition = match dependency.condition {
            DependencyCondition::ServiceStarted => return planned.start,
            DependencyCondition::ServiceHealthy if planned.is_healthy => return planned.start,
            DependencyCondition::ServiceHealthy => Condition::Healthy,
            DependencyCondition::ServiceCompletedSuccessfully => Condition::CompletedSuccessfully,
        };
        let reason = Reason::AwaitedBy { service: Some(service.clone()) };
        Some(self.wait(planned, condition, !dependency.required, &reason))
    }

    fn wait(&mut self, planned: &Planned, condition: Condition, optional: bool, reason: &Reason) -> NodeId {
        let word = match condition {
            Condition::Healthy => "healthy",
            Condition::RunningOrHealthy => "running",
            Condition::CompletedSuccessfully => "completed",
            Condition::Settled => "settled",
            Condition::Steady(_) => "steady",
        };
        let key = (planned.name.clone(), word, optional);
        if let Some(wait) = self.waits.get(&key) {
            return *wait;
        }
        let after: Vec<NodeId> = planned.start.into_iter().collect();
        let action = Action::WaitContainer { name: planned.name.clone(), condition, optional };
        let wait = self.plan.add(action, &after, reason, &container_label(&planned.name));
        self.waits.insert(key, wait);
        wait
    }

    /// `--wait`: every container runs, or is healthy, or has done its one task.
    pub(super) fn wait_for_all(&mut self) {
        let tasks: BTreeSet<&ServiceName> = self
            .project
            .services
            .values()
            .flat_map(|service| &service.depends_on)
            .filter(|(_, dependency)| {
                dependency.condition == DependencyCondition::ServiceCompletedSuccessfully
            })
            .map(|(name, _)| name)
            .collect();
        let reason = Reason::AwaitedBy { service: None };
        for (name, outcome) in std::mem::take(&mut self.outcomes) {
            let is_task = tasks.iter().any(|task| task.as_str() == name);
            let condition = if is_task { Condition::CompletedSuccessfully } else { Condition::Settled };
            for planned in outcome.containers.iter().filter(|planned| !planned.is_healthy) {
                self.wait(planned, condition, false, &reason);
            }
        }
    }
}
