//! System calls a container may make: Docker's default profile, or a file in the same format,
//! compiled to a BPF program for the kernel.

mod compile;
mod docker;
mod numbers;
mod profile;
#[cfg(test)]
mod tests;

use super::spec::capability::CapabilitySet;
use nix::sys::utsname::uname;
use oci_spec::runtime::LinuxSeccomp;
use profile::Circumstances;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A compiled filter, ready for `seccomp(2)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// `struct sock_filter`, eight bytes each in host order.
    instructions: Vec<u64>,
}

impl Program {
    /// Its instructions.
    pub(super) fn instructions(&self) -> &[u64] {
        &self.instructions
    }
}

/// Which profile a container has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profile {
    /// Docker's.
    Default,
    /// None: every system call is allowed.
    Unconfined,
    /// A file in Docker's format.
    File(PathBuf),
}

/// A profile that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeccompError {
    /// The file cannot be read.
    #[error("cannot read the seccomp profile {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not a profile.
    #[error("{path} is not a seccomp profile")]
    Parse {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A rule that the compiler does not know.
    #[error("the seccomp profile uses {0}, which is not supported")]
    Unsupported(String),
    /// More rules than a BPF program can hold.
    #[error("the seccomp profile is too long: {0} instructions")]
    TooLong(usize),
}

/// The program for `profile` and a container with `capabilities`; `None` if it is unconfined.
///
/// # Errors
/// Says what is wrong with the profile.
pub fn load(profile: &Profile, capabilities: CapabilitySet) -> Result<Option<Program>, SeccompError> {
    let Some(rules) = rules(profile, capabilities)? else { return Ok(None) };
    let instructions = compile::compile(&rules)?;
    Ok(Some(Program { instructions: instructions.into_iter().map(compile::Instruction::encode).collect() }))
}

/// The rules of `profile` that count for a container with `capabilities`, as the OCI spec writes them.
///
/// # Errors
/// Says why the profile cannot be read.
pub fn rules(profile: &Profile, capabilities: CapabilitySet) -> Result<Option<LinuxSeccomp>, SeccompError> {
    let file = match profile {
        Profile::Unconfined => return Ok(None),
        Profile::Default => docker::docker(),
        Profile::File(path) => read(path)?,
    };
    let kernel = uname().map(|name| profile::version(&name.release().to_string_lossy())).unwrap_or_default();
    Ok(Some(file.rules(Circumstances { capabilities, kernel })))
}

fn read(path: &Path) -> Result<profile::Profile, SeccompError> {
    let text = fs::read(path).map_err(|source| SeccompError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&text).map_err(|source| SeccompError::Parse { path: path.to_owned(), source })
}
