//! `up` and `create`: from what is there to what the project says.
//!
//! Services are planned in dependency order. A container is made as soon as its networks and volumes
//! are there, but started, or put in the place of an old one, only behind what it depends on.

use super::attribute::AttributeError;
use super::container::{Blueprint, link_aliases};
use super::error::PlanError;
use super::hash::service_hash;
use super::reason::{Note, Reason};
use super::replica::{Criteria, Replica, Replicas, sort};
use super::resource::{Resources, network_label};
use super::step::{NodeId, Plan, container_label};
use super::{Recreate, UpOptions};
use crate::graph::{Graph, Selection};
use crate::model::{Dependency, DependencyCondition, Key, NamespaceMode, Project, Service};
use engine_spec::{
    Action, Condition, ContainerName, ContainerSpec, Digest, Health, NetworkMode, NetworkName, Observed,
    ObservedContainer, ServiceName, Status, compose_label,
};
use std::collections::{BTreeMap, BTreeSet};

/// Brings what is there into line with the project.
///
/// `observed` must hold the project's containers, and every network and volume: external ones are looked up there.
///
/// # Errors
/// See [`PlanError`].
pub fn up(
    project: &Project,
    selection: &Selection,
    observed: &Observed,
    options: &UpOptions,
    images: &BTreeMap<ServiceName, Digest>,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    let resources = Resources::plan(project, selection, observed, &mut plan)?;
    let mut up = Up {
        project,
        selection,
        options,
        images,
        plan,
        resources,
        aliases: link_aliases(project),
        existing: by_service(project, observed),
        stale_networks: BTreeSet::new(),
        gone: BTreeMap::new(),
        first: BTreeMap::new(),
        outcomes: BTreeMap::new(),
        waits: BTreeMap::new(),
    };
    up.dissolve_stale_networks(observed);
    let graph = Graph::of(project, selection);
    for name in graph.order() {
        up.service(name)?;
    }
    if options.wait && !options.no_start {
        up.wait_for_all();
    }
    up.orphans(observed);
    Ok(up.plan)
}

/// The project's containers by service, those of `run` left out.
fn by_service<'a>(
    project: &Project,
    observed: &'a Observed,
) -> BTreeMap<&'a str, Vec<&'a ObservedContainer>> {
    let mut services: BTreeMap<&str, Vec<&ObservedContainer>> = BTreeMap::new();
    for container in observed.containers.iter().filter(|container| container.is_of(&project.name)) {
        if !is_one_off(container) {
            services
                .entry(container.label(compose_label::SERVICE).unwrap_or(""))
                .or_default()
                .push(container);
        }
    }
    services
}

/// Whether a container is one of `run`.
pub(super) fn is_one_off(container: &ObservedContainer) -> bool {
    container.label(compose_label::ONEOFF) == Some("True")
}

/// Whether stopping a container would change anything.
pub(super) fn is_active(container: &ObservedContainer) -> bool {
    container.status.is_running() || matches!(container.status, Status::Restarting { .. })
}

struct Up<'a> {
    project: &'a Project,
    selection: &'a Selection,
    options: &'a UpOptions,
    images: &'a BTreeMap<ServiceName, Digest>,
    plan: Plan,
    resources: Resources,
    aliases: BTreeMap<&'a str, BTreeSet<String>>,
    existing: BTreeMap<&'a str, Vec<&'a ObservedContainer>>,
    stale_networks: BTreeSet<NetworkName>,
    /// Containers removed before their network was made anew, with the step that removes them.
    gone: BTreeMap<ContainerName, NodeId>,
    first: BTreeMap<&'a str, ContainerName>,
    outcomes: BTreeMap<&'a str, Outcome>,
    /// Waiting steps already planned, so that dependents share them.
    waits: BTreeMap<(ContainerName, &'static str, bool), NodeId>,
}

/// What was planned for a service.
#[derive(Default)]
struct Outcome {
    containers: Vec<Planned>,
    is_recreated: bool,
}

/// One container of a service as it will be.
struct Planned {
    name: ContainerName,
    /// The step that starts it; `None` if it is left as it is.
    start: Option<NodeId>,
    /// Whether its probes succeed already and it is left as it is.
    is_healthy: bool,
}

impl<'a> Up<'a> {
    fn service(&mut self, name: &ServiceName) -> Result<(), PlanError> {
        let Some((name, service)) = self.project.service_entry(name.as_str()) else { return Ok(()) };
        let image_id = self.images.get(name).ok_or_else(|| PlanError::ImageMissing {
            service: name.clone(),
            image: self.project.image_name(name, service),
        })?;
        let aliases = self.aliases.get(name.as_str()).cloned();
        let config_hash = service_hash(self.project, service, aliases.as_ref());
        let first = std::mem::take(&mut self.first);
        let blueprint = Blueprint {
            project: self.project,
            name,
            service,
            image_id,
            config_hash: &config_hash,
            link_aliases: aliases.as_ref(),
            first: &first,
        };
        let criteria = Criteria {
            policy: self.policy(name),
            wanted: self.options.scale.get(name).copied().unwrap_or_else(|| service.replicas()),
            common: self.recreated_parent(service),
            stale_networks: &self.stale_networks,
        };
        let existing = self.existing.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        let replicas = sort(&blueprint, existing, &criteria).map_err(PlanError::of(name))?;
        let outcome = self.replicas(&blueprint, replicas)?;
        self.first = first;
        if let Some(planned) = outcome.containers.first() {
            self.first.insert(name.as_str(), planned.name.clone());
        }
        self.outcomes.insert(name.as_str(), outcome);
        Ok(())
    }

    fn policy(&self, name: &ServiceName) -> Recreate {
        if !self.selection.is_named(name.as_str()) {
            return self.options.recreate_dependencies;
        }
        if self.options.renew_volumes { Recreate::Always } else { self.options.recreate }
    }

    fn recreated_parent(&self, service: &Service) -> Option<Reason> {
        let modes = [&service.network_mode, &service.ipc, &service.pid, &service.uts];
        modes.into_iter().flatten().find_map(|mode| match mode {
            NamespaceMode::Service(parent) if self.outcomes.get(parent.as_str())?.is_recreated => {
                Some(Reason::ParentRecreated { service: ServiceName::new(parent.as_str()).ok()? })
            }
            NamespaceMode::Service(_) | NamespaceMode::Container(_) | NamespaceMode::Word(_) => None,
        })
    }

    fn replicas(&mut self, blueprint: &Blueprint<'_>, replicas: Replicas<'a>) -> Result<Outcome, PlanError> {
        let fail = PlanError::of(blueprint.name);
        let mut outcome = Outcome { containers: Vec::new(), is_recreated: !replicas.replaced.is_empty() };
        for (container, reason) in replicas.removed {
            self.remove(container, &reason);
        }
        let restarted = self.restarted_dependency(blueprint.service);
        let is_idle = restarted.is_none() && replicas.kept.iter().all(|replica| is_active(replica.container));
        let starts_nothing = is_idle && replicas.replaced.is_empty() && replicas.created.is_empty();
        let gates = if starts_nothing || self.options.no_start { Vec::new() } else { self.gates(blueprint) };
        for replica in &replicas.kept {
            outcome.containers.push(self.keep(replica, restarted.as_ref(), &gates));
        }
        for (replica, reason) in &replicas.replaced {
            outcome.containers.push(self.replace(blueprint, replica, reason, &gates).map_err(&fail)?);
        }
        for (number, reason) in &replicas.created {
            let spec = blueprint.container(*number).map_err(&fail)?;
            let name = spec.name.clone();
            let after = self.resource_steps(blueprint.service);
            let create = self.plan.add(create_action(spec, None), &after, reason, &container_label(&name));
            outcome.containers.push(self.started(name, create, &gates, reason));
        }
        Ok(outcome)
    }

    fn remove(&mut self, container: &ObservedContainer, reason: &Reason) {
        if self.gone.contains_key(container.name()) {
            return;
        }
        let mut after = Vec::new();
        if is_active(container) {
            after.push(self.plan.stop(container.name(), self.options.timeout, &[], reason));
        }
        self.plan.remove(container.name(), false, &after, reason);
    }

    /// A container that stays: renamed if a replacement was interrupted before that, started if it does not run.
    fn keep(&mut self, replica: &Replica<'_>, restarted: Option<&Reason>, gates: &[NodeId]) -> Planned {
        let (container, name) = (replica.container, &replica.name);
        let mut after = gates.to_vec();
        if container.name() != name {
            let action = Action::RenameContainer { from: container.name().clone(), to: name.clone() };
            after.push(self.plan.add(action, &[], &Reason::Interrupted, &container_label(name)));
        }
        let start = match (restarted, is_active(container)) {
            _ if self.options.no_start => None,
            (Some(reason), true) => {
                let stop = self.plan.stop(name, self.options.timeout, &after, reason);
                Some(self.plan.start(name, &[stop], reason))
            }
            (_, false) => Some(self.plan.start(name, &after, &Reason::NotRunning)),
            (None, true) => {
                self.plan.notes.push(Note::Unchanged { container: name.clone() });
                None
            }
        };
        let is_healthy = matches!(container.status, Status::Running { health: Some(Health::Healthy), .. });
        Planned { name: name.clone(), is_healthy: is_healthy && start.is_none(), start }
    }

    /// Makes the new container beside the old one, then changes them over.
    fn replace(
        &mut self,
        blueprint: &Blueprint<'_>,
        replica: &Replica<'_>,
        reason: &Reason,
        gates: &[NodeId],
    ) -> Result<Planned, AttributeError> {
        let mut spec = blueprint.container(replica.number)?;
        let (old, name) = (replica.container, spec.name.clone());
        let label = container_label(&name);
        let mut resources = self.resource_steps(blueprint.service);
        if let Some(removed) = self.gone.get(old.name()) {
            resources.push(*removed);
            let create = self.plan.add(create_action(spec, None), &resources, reason, &label);
            return Ok(self.started(name, create, gates, reason));
        }
        let temporary = ContainerName::new(format!("{}_{name}", old.id.short()));
        spec.name = temporary.expect("hex digits before a container name make a container name");
        let replaces = format!("{}-{}", blueprint.name, replica.number);
        spec.labels.insert(compose_label::REPLACE.to_owned(), replaces);
        let from = spec.name.clone();
        let inherit = (!self.options.renew_volumes).then(|| old.name().clone());
        let create = self.plan.add(create_action(spec, inherit), &resources, reason, &label);
        // The old container serves until everything that the new one needs is there.
        let mut last = [&[create], gates].concat();
        if is_active(old) {
            let stop = Action::StopContainer { name: old.name().clone(), timeout: self.options.timeout };
            last = vec![self.plan.add(stop, &last, reason, &label)];
        }
        let remove = Action::RemoveContainer { name: old.name().clone(), volumes: false };
        let remove = self.plan.add(remove, &last, reason, &label);
        let rename = Action::RenameContainer { from, to: name.clone() };
        let rename = self.plan.add(rename, &[remove], reason, &label);
        Ok(self.started(name, rename, gates, reason))
    }

    fn started(&mut self, name: ContainerName, made: NodeId, gates: &[NodeId], reason: &Reason) -> Planned {
        let start =
            (!self.options.no_start).then(|| self.plan.start(&name, &[&[made], gates].concat(), reason));
        Planned { name, start, is_healthy: false }
    }

    /// The steps that make the networks and volumes a service uses.
    fn resource_steps(&self, service: &Service) -> Vec<NodeId> {
        let real_network = |key: &Key| Some(self.project.networks.get(key)?.name.as_str());
        let networks = service.networks.keys().filter_map(real_network);
        let networks = networks.filter_map(|name| self.resources.networks.get(name));
        let real_volume = |key: &str| Some(self.project.volumes.get(key)?.name.as_str());
        let volumes = service.volume_keys().into_iter().filter_map(real_volume);
        let volumes = volumes.filter_map(|name| self.resources.volumes.get(name));
        networks.chain(volumes).copied().collect()
    }

    /// A dependency with `restart: true` that is replaced.
    fn restarted_dependency(&self, service: &Service) -> Option<Reason> {
        let is_restarted = |(name, dependency): &(&ServiceName, &Dependency)| {
            dependency.restart && self.outcomes.get(name.as_str()).is_some_and(|outcome| outcome.is_recreated)
        };
        let (name, _) = service.depends_on.iter().find(is_restarted)?;
        Some(Reason::DependencyRestarted { service: name.clone() })
    }

    /// The steps behind which a service may start.
    fn gates(&mut self, blueprint: &Blueprint<'_>) -> Vec<NodeId> {
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
            DependencyCondition::ServiceHealthy if planned.is_healthy => return None,
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
    fn wait_for_all(&mut self) {
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
            let condition =
                if is_task { Condition::CompletedSuccessfully } else { Condition::RunningOrHealthy };
            for planned in outcome.containers.iter().filter(|planned| !planned.is_healthy) {
                self.wait(planned, condition, false, &reason);
            }
        }
    }

    /// Networks that differ from their definition: their containers go first, and are made anew in the new one.
    /// A network with a container that this command does not touch is kept.
    fn dissolve_stale_networks(&mut self, observed: &Observed) {
        for spec in std::mem::take(&mut self.resources.stale) {
            let attached: Vec<_> =
                observed.containers.iter().filter(|container| is_in(container, &spec.name)).collect();
            if !attached.iter().all(|container| self.is_ours(container)) {
                self.plan.notes.push(Note::NetworkKept { network: spec.name });
                continue;
            }
            let reason = Reason::NetworkChanged { network: spec.name.clone() };
            let removals: Vec<_> =
                attached.iter().map(|container| self.dissolve(container, &reason)).collect();
            let action = Action::RemoveNetwork { name: spec.name.clone() };
            let remove = self.plan.add(action, &removals, &reason, &network_label(&spec.name));
            self.stale_networks.insert(spec.name.clone());
            self.resources.create_network(spec, &[remove], &reason, &mut self.plan);
        }
    }

    fn is_ours(&self, container: &ObservedContainer) -> bool {
        let service = container.label(compose_label::SERVICE).unwrap_or("");
        container.is_of(&self.project.name)
            && self.selection.contains(service)
            && ServiceName::new(service).is_ok_and(|name| self.policy(&name) != Recreate::Never)
    }

    fn dissolve(&mut self, container: &ObservedContainer, reason: &Reason) -> NodeId {
        if let Some(removed) = self.gone.get(container.name()) {
            return *removed;
        }
        let mut after = Vec::new();
        if is_active(container) {
            after.push(self.plan.stop(container.name(), self.options.timeout, &[], reason));
        }
        let removed = self.plan.remove(container.name(), false, &after, reason);
        self.gone.insert(container.name().clone(), removed);
        removed
    }

    /// Containers of the project that no service owns; those of `run` count once they have ended.
    fn orphans(&mut self, observed: &Observed) {
        let is_orphan = |container: &&ObservedContainer| {
            let service = container.label(compose_label::SERVICE).unwrap_or("");
            container.is_of(&self.project.name)
                && if is_one_off(container) {
                    !is_active(container)
                } else {
                    self.project.service(service).is_none()
                }
        };
        let orphans: Vec<_> = observed.containers.iter().filter(is_orphan).collect();
        if self.options.remove_orphans {
            for orphan in orphans {
                self.remove(orphan, &Reason::Orphan);
            }
        } else if !orphans.is_empty() && !self.options.ignore_orphans {
            let containers = orphans.iter().map(|orphan| orphan.name().clone()).collect();
            self.plan.notes.push(Note::Orphans { containers });
        }
    }
}

fn create_action(spec: ContainerSpec, inherit: Option<ContainerName>) -> Action {
    Action::CreateContainer { spec: Box::new(spec), inherit }
}

/// Whether a container has a place in a network.
pub(super) fn is_in(container: &ObservedContainer, network: &NetworkName) -> bool {
    match &container.spec.network {
        NetworkMode::Networks { endpoints } => endpoints.iter().any(|endpoint| endpoint.network == *network),
        NetworkMode::None | NetworkMode::Host | NetworkMode::Container { .. } => false,
    }
}
