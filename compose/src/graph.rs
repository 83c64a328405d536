//! Which service needs which: order, cycles, and the choice of services a command acts on.

use crate::model::Project;
use engine_spec::ServiceName;
use std::collections::BTreeSet;

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
        let _ = project;
        todo!()
    }

    /// The named services, and with `dependencies` all that they need; none named means all.
    /// Naming a service activates it whatever its profiles.
    ///
    /// # Errors
    /// A name that is no service.
    pub fn of(project: &Project, names: &[String], dependencies: bool) -> Result<Self, NoSuchService> {
        let _ = (project, names, dependencies);
        todo!()
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

/// The active services in an order in which each comes after what it needs.
#[derive(Debug, Clone)]
pub struct Graph {
    order: Vec<ServiceName>,
}

impl Graph {
    /// The graph of the selected services.
    #[must_use]
    pub fn of(project: &Project, selection: &Selection) -> Self {
        let _ = (project, selection);
        todo!()
    }

    /// Dependencies first.
    #[must_use]
    pub fn order(&self) -> &[ServiceName] {
        &self.order
    }
}
