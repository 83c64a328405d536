//! `up` and `create`: from what is there to what the project says.
//!
//! Services are planned in dependency order. A container is made as soon as its networks and volumes
//! are there, but started, or put in the place of an old one, only behind what it depends on.

mod changeover;
mod gate;
mod hooks;
mod removal;
mod service;

use super::UpOptions;
use super::error::PlanError;
use super::existing::{is_hook, is_one_off};
use super::one_off::first_containers;
use super::ownership;
use super::replica::Stale;
use super::resource::Resources;
use super::step::{NodeId, Plan};
use crate::graph::{Graph, Selection};
use crate::model::Project;
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
    if !options.take_over {
        ownership::check(project, observed)?;
    }
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
        existing: by_service(project, observed),
        stale: Stale::default(),
        gone: BTreeMap::new(),
        stopped: BTreeMap::new(),
        freed: BTreeMap::new(),
        retained: observed
            .containers
            .iter()
            .filter(|found| is_hook(found))
            .map(|found| found.name().clone())
            .collect(),
        first: first_containers(project, observed),
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
    existing: BTreeMap<&'a str, Vec<&'a ObservedContainer>>,
    stale: Stale,
    /// Containers removed before their network was made anew, with the step that removes them.
    gone: BTreeMap<ContainerName, NodeId>,
    /// Containers stopped before a dependency is made anew, with the step that stops them.
    stopped: BTreeMap<ContainerName, NodeId>,
    /// Names that become free, with the step that removes who has them.
    freed: BTreeMap<ContainerName, NodeId>,
    /// Containers of hooks that failed.
    retained: BTreeSet<ContainerName>,
    /// The first container of each service: as planned, else as it is there.
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
