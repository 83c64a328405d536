//! One control group per container: limits, the list of its processes, freezing and killing them all.
//!
//! Hosts have version 2 alone, version 1 alone, or both at once (hybrid: controllers on v1, an empty
//! v2 tree beside them). [`Cgroup`] hides which. Its path is known before anything is made, so that
//! the caller can record it first and repair after being killed at any point.

mod folder;
mod usage;
mod v1;
mod v2;

pub use usage::Usage;
pub(super) use v1::SELF_MOVE;

use nix::sys::signal::Signal;
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, TMPFS_MAGIC, statfs};
use nix::unistd::Pid;
use oci_spec::runtime::LinuxResources;
use std::io;
use std::os::fd::OwnedFd;
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
    /// A weight for a device that nobody weighs.
    #[error(
        "cannot weigh the device {device}: the scheduler of its queue takes no weights; choose bfq in \
         /sys/dev/block/{device}/queue/scheduler, or take `weight_device` out"
    )]
    NoWeights {
        /// Its numbers.
        device: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The device rules could not be enforced, so nothing may run in it.
    #[error("cannot restrict the devices of {path}")]
    Devices {
        /// The group.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Processes are left after the deadline.
    #[error("processes are left in {path} after SIGKILL")]
    Busy {
        /// The group.
        path: PathBuf,
    },
}

impl CgroupError {
    /// The same for who has written the weight of `device`.
    fn of_weight(self, device: &str) -> Self {
        match self {
            Self::Refused { source, .. } if source.raw_os_error() == Some(libc::EOPNOTSUPP) => {
                Self::NoWeights { device: device.to_owned(), source }
            }
            other => other,
        }
    }
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
        match version()? {
            Version::V1 => v1::create(&self.path, resources),
            Version::V2 => v2::create(&self.path, resources),
        }
    }

    /// Changes the limits of one that is there to those of `resources`; device rules stay.
    ///
    /// # Errors
    /// Names the file that refused, or the missing controller.
    pub fn update(&self, resources: &LinuxResources) -> Result<(), CgroupError> {
        match version()? {
            Version::V1 => v1::update(&self.path, resources),
            Version::V2 => v2::update(&self.path, resources),
        }
    }

    /// The folder a child can be born in (`CLONE_INTO_CGROUP`); `None` where it must join by itself.
    ///
    /// # Errors
    /// Names the folder that cannot be opened.
    pub(super) fn birthplace(&self) -> Result<Option<OwnedFd>, CgroupError> {
        match version()? {
            Version::V1 => Ok(None),
            Version::V2 => v2::open(&self.path).map(Some),
        }
    }

    /// Its folder in each hierarchy of version 1, by the hierarchy's name; none on version 2.
    ///
    /// # Errors
    /// Fails where no control groups are mounted.
    pub(super) fn folders_v1(&self) -> Result<Vec<(String, PathBuf)>, CgroupError> {
        Ok(match version()? {
            Version::V1 => v1::folders(&self.path),
            Version::V2 => Vec::new(),
        })
    }

    /// Moves this process into it; the process has one thread only.
    ///
    /// # Errors
    /// Names the file that refused.
    pub fn join(&self) -> Result<(), CgroupError> {
        match version()? {
            Version::V1 => v1::join(&self.path),
            Version::V2 => v2::join(&self.path),
        }
    }

    /// The processes in it and below, in the caller's pid namespace. Empty where it does not exist.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub fn pids(&self) -> Result<Vec<Pid>, CgroupError> {
        let mut pids = Vec::new();
        folder::collect_pids(&self.census()?, &mut pids)?;
        Ok(pids)
    }

    /// Stops every process in it at once.
    ///
    /// # Errors
    /// Names the file that refused.
    pub fn freeze(&self) -> Result<(), CgroupError> {
        match version()? {
            Version::V1 => v1::set_frozen(&self.path, true),
            Version::V2 => v2::set_frozen(&self.path, true),
        }
    }

    /// Lets every process in it go on.
    ///
    /// # Errors
    /// Names the file that refused.
    pub fn thaw(&self) -> Result<(), CgroupError> {
        match version()? {
            Version::V1 => v1::set_frozen(&self.path, false),
            Version::V2 => v2::set_frozen(&self.path, false),
        }
    }

    /// Kills every process in it, frozen ones too. Fine where it does not exist.
    ///
    /// # Errors
    /// Names the file that refused.
    pub fn kill(&self) -> Result<(), CgroupError> {
        if !self.census()?.exists() {
            return Ok(());
        }
        if version()? == Version::V2 && v2::kill(&self.path)? {
            return Ok(());
        }
        // Frozen processes make no more children, so one look sees them all.
        let frozen = self.freeze();
        for pid in self.pids()? {
            // It may have ended since; that is what is wanted.
            let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
        }
        self.thaw().or(frozen)
    }

    /// Removes it, waiting for processes that are dying. Fine where it does not exist.
    ///
    /// # Errors
    /// Names the folder that refused, or where processes live on.
    pub fn remove(&self) -> Result<(), CgroupError> {
        self.folders()?.iter().try_for_each(|path| folder::remove(path))
    }

    /// Removes it and its parent as far as nobody is in them; does not wait for anybody.
    ///
    /// # Errors
    /// Fails where no control groups are mounted.
    pub fn prune(&self) -> Result<(), CgroupError> {
        match version()? {
            // External runtimes make the installation's folder in every tree.
            Version::V1 => v1::trees()?.iter().for_each(|tree| folder::prune(&tree.join(&self.path))),
            Version::V2 => folder::prune(&v2::folder(&self.path)),
        }
        Ok(())
    }

    /// How many processes in it the kernel killed for want of memory.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub fn oom_kills(&self) -> Result<u64, CgroupError> {
        let file = match version()? {
            Version::V1 => v1::folder("memory", &self.path).join("memory.oom_control"),
            Version::V2 => v2::folder(&self.path).join("memory.events"),
        };
        let text = folder::read(&file)?;
        Ok(text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok()).unwrap_or(0))
    }

    /// Every folder it is made of.
    fn folders(&self) -> Result<Vec<PathBuf>, CgroupError> {
        Ok(match version()? {
            Version::V1 => v1::folders(&self.path).into_iter().map(|(_, folder)| folder).collect(),
            Version::V2 => vec![v2::folder(&self.path)],
        })
    }

    /// The one folder that lists all of its processes.
    fn census(&self) -> Result<PathBuf, CgroupError> {
        Ok(match version()? {
            Version::V1 => v1::folder(v1::CENSUS, &self.path),
            Version::V2 => v2::folder(&self.path),
        })
    }
}

/// Where the kernel's control groups are mounted, by every distribution.
const MOUNTPOINT: &str = "/sys/fs/cgroup";

/// Which kind of control groups the host has.
///
/// # Errors
/// Fails where none are mounted at /sys/fs/cgroup.
pub fn version() -> Result<Version, CgroupError> {
    let kind = statfs(MOUNTPOINT).map_err(|_| CgroupError::NotMounted)?.filesystem_type();
    match kind {
        CGROUP2_SUPER_MAGIC => Ok(Version::V2),
        TMPFS_MAGIC => Ok(Version::V1),
        _ => Err(CgroupError::NotMounted),
    }
}
