//! One RUN of a build: a container that lives as long as its command and leaves only its upper folder.

use crate::state::Layout;
use engine_spec::BuildNetwork;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::PathBuf;

/// One command to run on top of some layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSpec {
    /// Tells it from other steps that run now; letters, digits and `-`.
    pub id: String,
    /// The layers below, topmost first.
    pub layers: Vec<PathBuf>,
    /// Where changes go.
    pub upper: PathBuf,
    /// The overlay's work folder, on the same file system.
    pub work: PathBuf,
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// Variables as `NAME=value`.
    pub environment: Vec<String>,
    /// Working folder, absolute; made if it is missing.
    pub working_dir: PathBuf,
    /// `name|uid[:group|gid]`; `None` is root.
    pub user: Option<String>,
    /// How it is connected.
    pub network: BuildNetwork,
    /// Lines for /etc/hosts.
    pub extra_hosts: Vec<(String, IpAddr)>,
}

/// Where a piece of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A step could not be run; a command that ran and failed is not an error but an exit code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {}

/// Runs one command and returns its exit code, 128 plus the signal if one ended it.
///
/// `output` gets what it writes, as it writes it.
///
/// # Errors
/// Says what kept the command from being run.
pub fn run(
    layout: &Layout,
    step: &StepSpec,
    output: &mut dyn FnMut(Stream, &[u8]),
) -> Result<i32, StepError> {
    let _ = (layout, step, output);
    todo!()
}
