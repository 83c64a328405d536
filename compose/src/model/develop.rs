//! What is done in a service's containers when files of the host change.

use super::{Hook, Rest, is_default};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The `develop` section.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Develop {
    /// What to watch, and for what.
    pub watch: Vec<WatchRule>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// One rule of `develop.watch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchRule {
    /// The file or folder that is watched, absolute.
    pub path: PathBuf,
    /// What is done.
    pub action: WatchAction,
    /// Where in the container files go.
    #[serde(default, skip_serializing_if = "is_default")]
    pub target: Option<PathBuf>,
    /// Files below the path that do not count, in the language of .dockerignore.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ignore: Vec<String>,
    /// The only files below the path that count, in the same language; empty means all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub include: Vec<String>,
    /// Whether files that differ are copied when watching begins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub initial_sync: bool,
    /// What is run in each container after files were copied.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exec: Option<Hook>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WatchAction {
    /// Copies what changed into the containers.
    #[serde(rename = "sync")]
    Sync,
    /// Builds the image anew and replaces the containers.
    #[serde(rename = "rebuild")]
    Rebuild,
    /// Restarts the containers.
    #[serde(rename = "restart")]
    Restart,
    /// Copies, then restarts.
    #[serde(rename = "sync+restart")]
    SyncRestart,
    /// Copies, then runs a command.
    #[serde(rename = "sync+exec")]
    SyncExec,
}

impl WatchAction {
    /// Whether files are copied.
    #[must_use]
    pub fn syncs(self) -> bool {
        matches!(self, Self::Sync | Self::SyncRestart | Self::SyncExec)
    }
}
