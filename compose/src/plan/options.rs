//! What the commands were asked for, and the images to get first.

use engine_spec::{BuildSpec, ImageReference, Platform, PullPolicy, ServiceName};
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
