//! Commands run inside a container at turning points of its life.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What is run inside a container, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hooks {
    /// One after the other when it has started.
    pub post_start: Vec<HookSpec>,
    /// One after the other before it is stopped on request.
    pub pre_stop: Vec<HookSpec>,
}

/// One command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookSpec {
    /// Its words.
    pub command: Vec<String>,
    /// As whom; `None` is the container's user.
    pub user: Option<String>,
    /// With all capabilities.
    pub privileged: bool,
    /// Where; `None` is the container's folder.
    pub working_dir: Option<PathBuf>,
    /// Added to the container's variables; `None` removes one.
    pub environment: BTreeMap<String, Option<String>>,
}

/// The turning point a hook belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookKind {
    /// Before the first container of a service starts, in a container of its own.
    PreStart,
    /// When a container has started.
    PostStart,
    /// Before a container is stopped.
    PreStop,
}

impl fmt::Display for HookKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PreStart => "pre_start",
            Self::PostStart => "post_start",
            Self::PreStop => "pre_stop",
        })
    }
}
