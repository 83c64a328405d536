//! `runtime: runc`: the same spec, launched by another OCI runtime through its command line.

use super::launch::{Sandbox, Stdio};
use nix::unistd::Pid;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// An external runtime failed.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// No such program on PATH.
    #[error("the runtime `{0}` is not installed")]
    NotFound(String),
    /// A file or folder for it could not be made.
    #[error("cannot prepare {path} for the runtime")]
    Bundle {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The program could not be run.
    #[error("cannot run {program}")]
    Run {
        /// Its path.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It reported a failure.
    #[error("`{program} {verb}` failed: {output}")]
    Failed {
        /// Its path.
        program: PathBuf,
        /// What it was asked for.
        verb: &'static str,
        /// What it wrote to its standard error.
        output: String,
    },
}

/// A container made by an external runtime; its first process waits.
#[derive(Debug)]
pub struct Created {
    /// The first process, in the caller's pid namespace; not the caller's child.
    pub pid: Pid,
    /// The same as a descriptor.
    pub pidfd: OwnedFd,
    /// The terminal's master.
    pub terminal: Option<OwnedFd>,
}

/// The path of the runtime called `name`.
///
/// # Errors
/// Says that it is not installed.
pub fn find(name: &str) -> Result<PathBuf, ExternalError> {
    todo!("{name}")
}

/// Makes the container without starting it; `bundle` is an empty folder for the runtime's files.
///
/// # Errors
/// Carries what the runtime wrote to its standard error.
pub fn create(program: &Path, bundle: &Path, id: &str, sandbox: Sandbox) -> Result<Created, ExternalError> {
    let _ = (program, bundle, id, matches!(sandbox.stdio, Stdio::Terminal));
    todo!()
}

/// Starts it.
///
/// # Errors
/// Carries what the runtime wrote to its standard error.
pub fn start(program: &Path, bundle: &Path, id: &str) -> Result<(), ExternalError> {
    let _ = (program, bundle, id);
    todo!()
}

/// Removes what the runtime keeps of it, and kills what is left of it.
///
/// # Errors
/// Carries what the runtime wrote to its standard error.
pub fn delete(program: &Path, bundle: &Path, id: &str) -> Result<(), ExternalError> {
    let _ = (program, bundle, id);
    todo!()
}
