//! `up` and `create`: from what is there to what the project says.
//!
//! Services are planned in dependency order. A container is made as soon as its networks and volumes
//! are there, but started, or put in the place of an old one, only behind what it depends on.

mod changeover;
mod gate;
mod removal;

use super::container::{Blueprint, link_aliases};
use super::error::PlanError;
use super::existing::{is_active, is_one_off};
use super::hash::service_hash;
use super::reason::Reason;
use super::replica::{Criteria, Replicas, Stale, sort};
use super::resource::Resources;
use super::step::{NodeId, Plan, container_label};
use super::{Recreate, UpOptions};
use crate::graph::{Graph, Selection};
use crate::model::{NamespaceMode, Project, Service};
use changeover::create_action;
use engine_spec::{
    ContainerName, Digest, ImageReference, Observed, ObservedContainer, ServiceName, compose_label,
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
    let resources = Resources::plan(project, selection, observed, options.all_resources, &mut plan)?;
    let mut up = Up {
        project,
        selection,
        options,
        images,
        local: &observed.images,
        plan,
        resources,
        aliases: link_aliases(project),
        existing: by_service(project, observed),
        stale: Stale::default(),
        gone: BTreeMap::new(),
        first: BTreeMap::new(),
        outcomes: BTreeMap::new(),
        made: BTreeMap::new(),
        waits: BTreeMap::new(),
    };
    up.dissolve_stale_networks(observed);
    up.dissolve_stale_volumes(observed);
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

struct Up<'a> {
    project: &'a Project,
    selection: &'a Selection,
    options: &'a UpOptions,
    images: &'a BTreeMap<ServiceName, Digest>,
    /// All local images, for those that are mounted.
    local: &'a BTreeMap<ImageReference, Digest>,
    plan: Plan,
    resources: Resources,
    aliases: BTreeMap<&'a str, BTreeSet<String>>,
    existing: BTreeMap<&'a str, Vec<&'a ObservedContainer>>,
    stale: Stale,
    /// Containers removed before their network was made anew, with the step that removes them.
    gone: BTreeMap<ContainerName, NodeId>,
    first: BTreeMap<&'a str, ContainerName>,
    outcomes: BTreeMap<&'a str, Outcome>,
    /// The steps after which each new container is there under its name.
    made: BTreeMap<ContainerName, NodeId>,
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
            images: self.local,
            config_hash: &config_hash,
            link_aliases: aliases.as_ref(),
            first: &first,
        };
        let criteria = Criteria {
            policy: self.policy(name),
            wanted: self.options.scale.get(name).copied().unwrap_or_else(|| service.replicas()),
            common: self.recreated_parent(service),
            stale: &self.stale,
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
        let shared = modes.into_iter().flatten().filter_map(|mode| match mode {
            NamespaceMode::Service(parent) => Some(parent.as_str()),
            NamespaceMode::Container(_) | NamespaceMode::Word(_) => None,
        });
        let volumes = service.volumes_from.iter().filter_map(|from| from.split(':').next());
        let mut parents = shared.chain(volumes);
        let parent = parents.find(|parent| self.outcomes.get(parent).is_some_and(|it| it.is_recreated))?;
        Some(Reason::ParentRecreated { service: ServiceName::new(parent).ok()? })
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
            let after = self.resource_steps(blueprint.service, &spec);
            let create = self.plan.add(create_action(spec, None), &after, reason, &container_label(&name));
            outcome.containers.push(self.started(name, create, &gates, reason));
        }
        Ok(outcome)
    }
}
