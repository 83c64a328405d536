//! Which service needs which: order, cycles, and the choice of services a command acts on.

use crate::diagnostic::nearest;
use crate::model::Project;
use engine_spec::ServiceName;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet};

/// A service name given to a command that the project does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such service: {name}")]
pub struct NoSuchService {
    /// The name given.
    pub name: String,
    /// A service that may be meant.
    pub nearest: Option<ServiceName>,
}

/// The services that a command acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    named: BTreeSet<ServiceName>,
    dependencies: BTreeSet<ServiceName>,
}

impl Selection {
    /// Every service whose profiles are active.
    #[must_use]
    pub fn all(project: &Project) -> Self {
        Self { named: project.services.keys().cloned().collect(), dependencies: BTreeSet::new() }
    }

    /// The named services, and with `dependencies` all that they need; none named means all.
    /// Naming a service activates it whatever its profiles.
    ///
    /// # Errors
    /// A name that is no service.
    pub fn of(project: &Project, names: &[String], dependencies: bool) -> Result<Self, NoSuchService> {
        if names.is_empty() {
            return Ok(Self::all(project));
        }
        let named = names.iter().map(|name| find(project, name)).collect::<Result<_, _>>()?;
        let mut selection = Self { named, dependencies: BTreeSet::new() };
        if dependencies {
            selection.add_dependencies(project);
        }
        Ok(selection)
    }

    /// What a service needs, without itself; nothing unless `dependencies`.
    #[must_use]
    pub fn needed_by(project: &Project, service: &ServiceName, dependencies: bool) -> Self {
        let mut selection = Self { named: BTreeSet::from([service.clone()]), dependencies: BTreeSet::new() };
        if dependencies {
            selection.add_dependencies(project);
        }
        selection.named.clear();
        selection
    }

    fn add_dependencies(&mut self, project: &Project) {
        let mut open: Vec<ServiceName> = self.named.iter().cloned().collect();
        while let Some(name) = open.pop() {
            let Some(service) = project.service(name.as_str()) else { continue };
            for (other, dependency) in &service.depends_on {
                let is_there = project.services.contains_key(other)
                    || (dependency.required && project.disabled.contains_key(other));
                if is_there && !self.contains(other.as_str()) {
                    self.dependencies.insert(other.clone());
                    open.push(other.clone());
                }
            }
        }
    }

    /// Whether a service is in it.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.named.contains(name) || self.dependencies.contains(name)
    }

    /// Whether a service was meant itself, and not only as a dependency.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.named.contains(name)
    }

    /// All of it, sorted by name.
    pub fn services(&self) -> impl Iterator<Item = &ServiceName> {
        self.named.union(&self.dependencies)
    }
}

fn find(project: &Project, name: &str) -> Result<ServiceName, NoSuchService> {
    let known = || project.all_services().map(|(name, _)| name);
    known().find(|known| known.as_str() == name).cloned().ok_or_else(|| {
        let close = nearest(name, known().map(ServiceName::as_str));
        let close = close.and_then(|close| known().find(|known| known.as_str() == close)).cloned();
        NoSuchService { name: name.to_owned(), nearest: close }
    })
}

/// The selected services in an order in which each comes after what it needs.
#[derive(Debug, Clone)]
pub struct Graph {
    order: Vec<ServiceName>,
}

impl Graph {
    /// The graph of the selected services.
    #[must_use]
    pub fn of(project: &Project, selection: &Selection) -> Self {
        let components = components(project, selection.services());
        Self { order: components.into_iter().flatten().cloned().collect() }
    }

    /// Dependencies first; services that do not need each other by name.
    #[must_use]
    pub fn order(&self) -> &[ServiceName] {
        &self.order
    }
}

/// The strongly connected components of the selected services.
fn components<'a>(
    project: &'a Project,
    names: impl Iterator<Item = &'a ServiceName>,
) -> Vec<Vec<&'a ServiceName>> {
    dependency_components(names.collect(), |name| {
        project.service(name.as_str()).into_iter().flat_map(|service| service.depends_on.keys()).collect()
    })
}

/// The strongly connected components of the graph with an edge from each name to what it needs:
/// in dependency order, and of one name each unless there is a cycle (Tarjan's algorithm).
pub(crate) fn dependency_components<'a, N: Ord + Copy + 'a>(
    names: Vec<N>,
    needs: impl Fn(N) -> Vec<N>,
) -> Vec<Vec<N>> {
    let mut graph: DiGraph<N, ()> = DiGraph::new();
    let places: BTreeMap<N, NodeIndex> = names.into_iter().map(|name| (name, graph.add_node(name))).collect();
    for (name, place) in &places {
        for needed in needs(*name).iter().filter_map(|other| places.get(other)) {
            graph.add_edge(*place, *needed, ());
        }
    }
    let named = |component: Vec<NodeIndex>| component.into_iter().map(|place| graph[place]).collect();
    tarjan_scc(&graph).into_iter().map(named).collect()
}

/// The circles in what needs what, one for each knot: each name needs the next, the last the first.
pub(crate) fn cycles<'a>(needs: &'a BTreeMap<&'a str, Vec<&'a str>>) -> Vec<Vec<&'a str>> {
    let of = |name: &str| needs.get(name).map(Vec::as_slice).unwrap_or_default();
    let knots = dependency_components(needs.keys().copied().collect(), |name| of(name).to_vec());
    let is_circular = |knot: &Vec<&str>| knot.len() > 1 || knot.iter().any(|name| of(name).contains(name));
    let mut cycles: Vec<_> =
        knots.into_iter().filter(is_circular).filter_map(|knot| cycle(&knot, of)).collect();
    cycles.sort();
    cycles
}

/// One circle through a knot, in which every name needs another one of it.
fn cycle<'a>(knot: &[&'a str], needs: impl Fn(&str) -> &'a [&'a str]) -> Option<Vec<&'a str>> {
    let members: BTreeSet<&str> = knot.iter().copied().collect();
    let mut walk = vec![*members.first()?];
    loop {
        let next = needs(walk.last()?).iter().find_map(|name| members.get(name).copied())?;
        if let Some(start) = walk.iter().position(|name| *name == next) {
            return Some(walk.split_off(start));
        }
        walk.push(next);
    }
}
