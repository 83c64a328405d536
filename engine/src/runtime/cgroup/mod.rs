//! One control group per container: limits, the list of its processes, freezing and killing them all.
//!
//! Hosts have version 2 alone, version 1 alone, or both at once (hybrid: controllers on v1, an empty
//! v2 tree beside them). [`Cgroup`] hides which. Its path is known before anything is made, so that
//! the caller can record it first and repair after being killed at any point.

use nix::unistd::Pid;
use oci_spec::runtime::LinuxResources;
use std::io;
use std::path::{Path, PathBuf};

/// A container's control group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    /// Relative to the root of each hierarchy, without a leading slash: `lighter/<id>`.
    path: PathBuf,
}

/// A control group could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// The host has no control groups where they are expected.
    #[error("no control groups are mounted at /sys/fs/cgroup")]
    NotMounted,
    /// A file or folder of it refused.
    #[error("cannot {operation} {path}")]
    Refused {
        /// What was tried: `create`, `write 100 to`, …
        operation: String,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A limit that this host cannot set.
    #[error("cannot limit {limit}: the host has no `{controller}` controller")]
    NoController {
        /// The limit.
        limit: &'static str,
        /// The missing controller.
        controller: &'static str,
    },
    /// Processes are left after the deadline.
    #[error("processes are left in {path} after SIGKILL")]
    Busy {
        /// The group.
        path: PathBuf,
    },
}

/// Which kind of control groups the host has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Controllers on version 1, with or without an empty v2 tree.
    V1,
    /// Version 2 alone.
    V2,
}

impl Cgroup {
    /// The group at `path`, relative to the root of each hierarchy. Makes nothing.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its path relative to the root of each hierarchy: what to record, and `linux.cgroupsPath`.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it, with the limits and device rules of `resources`.
    ///
    /// # Errors
    /// Names the file or folder that refused, or the missing controller.
    pub fn create(&self, resources: &LinuxResources) -> Result<(), CgroupError> {
        let _ = resources;
        todo!()
    }

    /// Puts a process into it.
    ///
    /// # Errors
    /// Names the file that refused.
    pub fn add(&self, pid: Pid) -> Result<(), CgroupError> {
        let _ = pid;
        todo!()
    }

    /// The processes in it and below, in the caller's pid namespace. Empty where it does not exist.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub fn pids(&self) -> Result<Vec<Pid>, CgroupError> {
        todo!()
    }

    /// Stops every process in it at once.
    ///
    /// # Errors
    /// Names the file that refused.
    pub fn freeze(&self) -> Result<(), CgroupError> {
        todo!()
    }

    /// Lets every process in it go on.
    ///
    /// # Errors
    /// Names the file that refused.
    pub fn thaw(&self) -> Result<(), CgroupError> {
        todo!()
    }

    /// Kills every process in it, frozen ones too. Fine where it does not exist.
    ///
    /// # Errors
    /// Names the file that refused.
    pub fn kill(&self) -> Result<(), CgroupError> {
        todo!()
    }

    /// Removes it; every process must be gone or dying. Fine where it does not exist.
    ///
    /// # Errors
    /// Names the folder that refused.
    pub fn remove(&self) -> Result<(), CgroupError> {
        todo!()
    }

    /// How many processes in it the kernel killed for want of memory.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub fn oom_kills(&self) -> Result<u64, CgroupError> {
        todo!()
    }
}

/// Which kind of control groups the host has.
///
/// # Errors
/// Fails where none are mounted at /sys/fs/cgroup.
pub fn version() -> Result<Version, CgroupError> {
    todo!()
}
