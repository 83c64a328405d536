//! A further process in a running container.

use crate::state::Layout;
use engine_spec::ContainerName;
use serde::{Deserialize, Serialize};
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

/// What to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecSpec {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// Variables as `NAME=value`, added to the container's.
    pub environment: Vec<String>,
    /// Working folder; `None` is the container's.
    pub working_dir: Option<PathBuf>,
    /// `name|uid[:group|gid]`; `None` is the container's.
    pub user: Option<String>,
    /// All capabilities.
    pub privileged: bool,
    /// Allocate a terminal.
    pub tty: bool,
    /// Return once it runs, its output going nowhere.
    pub detach: bool,
}

/// Where its input comes from and its output goes.
#[derive(Debug, Clone, Copy)]
pub struct ExecStdio<'a> {
    /// Standard input; `None` is empty.
    pub stdin: Option<BorrowedFd<'a>>,
    /// Standard output.
    pub stdout: BorrowedFd<'a>,
    /// Standard error; unused with a terminal.
    pub stderr: BorrowedFd<'a>,
    /// Becomes readable each time the caller's terminal has changed its size (SIGWINCH).
    pub resized: Option<BorrowedFd<'a>>,
}

/// A process could not be run in a container; one that ran and failed is an exit code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {}

/// Runs a process in a container and returns its exit code, 128 plus the signal if one ended it.
///
/// # Errors
/// Says why it could not be run.
pub fn run(
    layout: &Layout,
    name: &ContainerName,
    process: &ExecSpec,
    stdio: ExecStdio<'_>,
) -> Result<i32, ExecError> {
    let _ = (layout, name, process, stdio);
    todo!()
}
