//! What has to be done, as data: a graph of [`Action`]s, each with its reason.
//!
//! Pure functions of the project, the choice of services, what is there now and the command's options.
//! Nothing is left open for whoever performs the plan.

mod attribute;
mod reason;

pub use attribute::AttributeError;
pub use reason::{Note, Reason};

use crate::graph::Selection;
use crate::model::Project;
use engine_spec::{
    Action, BuildSpec, Digest, ImageReference, Observed, Platform, ProjectName, PullPolicy, ServiceName,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// A step's place in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What to do.
    pub action: Action,
    /// Steps that must have succeeded before; each has a lower index than this one.
    pub depends_on: Vec<NodeId>,
    /// Why.
    pub reason: Reason,
    /// What progress calls it (`Container app-web-1`); steps of one recreation share it.
    pub label: String,
}

/// Everything to do. Its [`std::fmt::Display`] is stable text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps; an index is a [`NodeId`].
    pub nodes: Vec<Node>,
    /// What is worth saying besides.
    pub notes: Vec<Note>,
}

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// An external network is missing.
    #[error("network {0} declared as external, but could not be found")]
    ExternalNetworkMissing(String),
    /// An external volume is missing.
    #[error("volume {0} declared as external, but could not be found")]
    ExternalVolumeMissing(String),
    /// No image was handed in for a service.
    #[error("service {service} has no image {image} to run")]
    ImageMissing {
        /// The service.
        service: ServiceName,
        /// The image it wants.
        image: String,
    },
    /// A service cannot be turned into a container.
    #[error("cannot make a container of service {service}")]
    Service {
        /// The service.
        service: ServiceName,
        /// Why.
        source: AttributeError,
    },
}

/// When containers are replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Recreate {
    /// When what they are made of changed.
    #[default]
    Changed,
    /// Always (`--force-recreate`).
    Always,
    /// Never (`--no-recreate`).
    Never,
}

/// What `up` and `create` were asked for.
#[derive(Debug, Clone, Default)]
pub struct UpOptions {
    /// For the services named, or all if none is.
    pub recreate: Recreate,
    /// For their dependencies.
    pub recreate_dependencies: Recreate,
    /// `--remove-orphans`.
    pub remove_orphans: bool,
    /// Say nothing about orphans (`COMPOSE_IGNORE_ORPHANS`).
    pub ignore_orphans: bool,
    /// `-V`: fresh anonymous volumes.
    pub renew_volumes: bool,
    /// `--no-start`, `create`.
    pub no_start: bool,
    /// `--wait`: wait until every service is running or healthy.
    pub wait: bool,
    /// `--scale`.
    pub scale: BTreeMap<ServiceName, u32>,
    /// `-t`.
    pub timeout: Option<Duration>,
}

/// What `down` was asked for.
#[derive(Debug, Clone, Default)]
pub struct DownOptions {
    /// Only these services; empty means the whole project.
    pub services: Vec<ServiceName>,
    /// `--remove-orphans`.
    pub remove_orphans: bool,
    /// `-v`.
    pub volumes: bool,
    /// `-t`.
    pub timeout: Option<Duration>,
}

/// What `stop`, `start` and `restart` were asked for.
#[derive(Debug, Clone, Default)]
pub struct ControlOptions {
    /// Only these services; empty means the whole project.
    pub services: Vec<ServiceName>,
    /// `-t`.
    pub timeout: Option<Duration>,
    /// `--no-deps`: leave dependents alone on restart.
    pub no_dependents: bool,
}

/// Which images are built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BuildChoice {
    /// Those that are missing.
    #[default]
    Missing,
    /// All that can be (`--build`, `build`).
    Always,
    /// None (`--no-build`).
    Never,
}

/// What was said about images.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImageOptions {
    /// Which images are built.
    pub build: BuildChoice,
    /// `--pull`: replaces every service's `pull_policy`.
    pub pull: Option<PullPolicy>,
}

/// Images to get before containers can be planned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImagePlan {
    /// Images to fetch, each once.
    pub pulls: Vec<ImagePull>,
    /// Images to build, dependencies first.
    pub builds: Vec<(ServiceName, BuildSpec)>,
}

/// One image to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePull {
    /// What to fetch.
    pub image: ImageReference,
    /// For which platform; `None` is the host's.
    pub platform: Option<Platform>,
    /// The services that run it.
    pub services: Vec<ServiceName>,
    /// What to build instead if it cannot be fetched.
    pub fallback: Option<Box<BuildSpec>>,
}

/// The images to fetch and to build.
///
/// # Errors
/// A service's image name or build section cannot be used.
pub fn images(
    project: &Project,
    selection: &Selection,
    options: &ImageOptions,
    local: &BTreeMap<ImageReference, Digest>,
) -> Result<ImagePlan, PlanError> {
    let _ = (project, selection, options, local);
    todo!()
}

/// The image that each selected service runs, out of the local ones.
///
/// # Errors
/// A service whose image is not there.
pub fn resolve_images(
    project: &Project,
    selection: &Selection,
    local: &BTreeMap<ImageReference, Digest>,
) -> Result<BTreeMap<ServiceName, Digest>, PlanError> {
    let _ = (project, selection, local);
    todo!()
}

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
    let _ = (project, selection, observed, options, images);
    todo!()
}

/// Stops and removes the project's containers, networks and on request volumes, dependents first.
/// Works from labels alone; with a file, containers of other services are orphans and stay unless asked for.
#[must_use]
pub fn down(
    name: &ProjectName,
    project: Option<&Project>,
    observed: &Observed,
    options: &DownOptions,
) -> Plan {
    let _ = (name, project, observed, options);
    todo!()
}

/// Stops containers, dependents first.
#[must_use]
pub fn stop(name: &ProjectName, observed: &Observed, options: &ControlOptions) -> Plan {
    let _ = (name, observed, options);
    todo!()
}

/// Starts containers that exist, dependencies first, with their conditions.
#[must_use]
pub fn start(name: &ProjectName, observed: &Observed, options: &ControlOptions) -> Plan {
    let _ = (name, observed, options);
    todo!()
}

/// Stops and starts containers, and dependents that ask for it (`depends_on.<service>.restart`).
#[must_use]
pub fn restart(name: &ProjectName, observed: &Observed, options: &ControlOptions) -> Plan {
    let _ = (name, observed, options);
    todo!()
}
