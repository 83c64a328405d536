//! What the commands were asked for, and the images to get first.

use crate::model::{Mount, Port};
use engine_spec::{BuildSpec, ContainerName, ImageReference, Labels, Platform, PullPolicy, ServiceName};
use std::collections::BTreeMap;
use std::time::Duration;

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
    /// `-y`: make volumes anew whose definition changed, although their data is lost.
    pub recreate_volumes: bool,
    /// `--all-resources`: make networks and volumes that no service uses.
    pub all_resources: bool,
    /// `--take-over`: what another project folder made under this name counts as ours.
    pub take_over: bool,
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
    /// `start --wait`: wait until every container is running or healthy.
    pub wait: bool,
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
#[derive(Debug, Clone, Default)]
pub struct ImageOptions {
    /// Which images are built.
    pub build: BuildChoice,
    /// `--pull`: replaces every service's `pull_policy`.
    pub pull: Option<PullPolicy>,
    /// How long ago local images were fetched, for policies that count the time (`daily`). What is not
    /// here was fetched too long ago.
    pub ages: BTreeMap<ImageReference, Duration>,
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

/// What `run` was asked for: how its container differs from those of the service.
#[derive(Debug, Clone, Default)]
pub struct OneOff {
    /// Twelve hex digits that no other container has.
    pub slug: String,
    /// `--name`; else `<project>-<service>-run-<slug>`.
    pub name: Option<ContainerName>,
    /// The words after the service.
    pub command: Option<Vec<String>>,
    /// `--entrypoint`; takes the service's command away too.
    pub entrypoint: Option<Vec<String>>,
    /// `-e` and `--env-from-file`, resolved.
    pub environment: BTreeMap<String, Option<String>>,
    /// `-l`.
    pub labels: Labels,
    /// `-u`.
    pub user: Option<String>,
    /// `-w`.
    pub working_dir: Option<String>,
    /// `-v`, added to the service's.
    pub volumes: Vec<Mount>,
    /// `-p`, instead of the service's.
    pub ports: Vec<Port>,
    /// `-P`: publish the service's ports.
    pub service_ports: bool,
    /// `--use-aliases`: answer to the service's names too.
    pub use_aliases: bool,
    /// `--cap-add`.
    pub cap_add: Vec<String>,
    /// `--cap-drop`.
    pub cap_drop: Vec<String>,
    /// Whether it has a terminal.
    pub tty: bool,
    /// Whether its standard input stays open.
    pub stdin_open: bool,
}
