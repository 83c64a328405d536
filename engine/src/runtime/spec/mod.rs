//! What Docker would tell runc: an OCI runtime spec from a container's spec and its image. Pure.
//!
//! Everything that must be looked up (users, devices, paths of volumes) comes in as [`Resolved`], so
//! the whole of it is tested as text.

pub mod capability;

use super::cgroup::Version;
use super::device::ResolvedDevice;
use super::seccomp::Profile;
use super::user::ResolvedUser;
use capability::CapabilitySet;
use engine_spec::{ContainerId, ContainerSpec, ImageConfig, TmpfsOptions};
use oci_spec::runtime::Spec;
use std::path::PathBuf;

/// What had to be looked up on the host and in the image.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The container's id; its short form is the default host name.
    pub id: ContainerId,
    /// Who the process runs as.
    pub user: ResolvedUser,
    /// Mounts asked for and made by the engine (hosts, resolv.conf, hostname), any order.
    pub mounts: Vec<ResolvedMount>,
    /// Devices asked for, or all of the host's for a privileged container.
    pub devices: Vec<ResolvedDevice>,
    /// The control group, relative to the root of each hierarchy.
    pub cgroup_path: PathBuf,
    /// Namespaces of other containers, where the spec shares them.
    pub joined: Joined,
    /// What the host allows.
    pub host: Host,
}

/// Namespaces of other containers, as `/proc/<pid>/ns/<kind>`.
#[derive(Debug, Clone, Default)]
pub struct Joined {
    /// For `network_mode: container:…`.
    pub network: Option<PathBuf>,
    /// For `ipc: container:…`.
    pub ipc: Option<PathBuf>,
    /// For `pid: container:…`.
    pub pid: Option<PathBuf>,
    /// For a shared host name.
    pub uts: Option<PathBuf>,
}

/// What the host allows.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// The engine's own capabilities: no container can have more.
    pub capabilities: CapabilitySet,
    /// Which control groups it has.
    pub cgroup: Version,
}

/// A mount whose source is known.
#[derive(Debug, Clone)]
pub struct ResolvedMount {
    /// Absolute path inside.
    pub target: PathBuf,
    /// Where the content comes from.
    pub source: ResolvedSource,
    /// Whether writes are refused.
    pub read_only: bool,
}

/// Where a mount's content comes from.
#[derive(Debug, Clone)]
pub enum ResolvedSource {
    /// A path of the host: bind mounts, volumes and files the engine wrote.
    Bind {
        /// Absolute path.
        path: PathBuf,
        /// `rprivate`, `rshared`, …; `None` is `rprivate`.
        propagation: Option<String>,
        /// Leave mounts below the source out.
        non_recursive: bool,
    },
    /// Memory.
    Tmpfs(TmpfsOptions),
}

/// A container that cannot be described.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// Neither the spec nor the image says what to run.
    #[error("no command specified: neither the service nor its image has one")]
    NoCommand,
    /// A name that is not a capability.
    #[error("unknown capability `{0}`")]
    UnknownCapability(String),
    /// A name that is not a process limit.
    #[error("unknown ulimit `{0}`")]
    UnknownLimit(String),
    /// A line of `security_opt` that means nothing.
    #[error("unknown security option `{0}`")]
    UnknownSecurityOption(String),
    /// A kernel setting outside the container's own namespaces.
    #[error("sysctl `{0}` is not in a namespace of the container")]
    SharedSysctl(String),
    /// The other container whose namespace is shared does not run.
    #[error("the container whose {0} namespace is to be joined does not run")]
    NotJoined(&'static str),
}

impl Host {
    /// Asks the kernel.
    ///
    /// # Errors
    /// Fails where no control groups are mounted.
    pub fn read() -> Result<Self, super::cgroup::CgroupError> {
        todo!()
    }
}

/// Describes the container as Docker would.
///
/// # Errors
/// Says which wish cannot be met.
pub fn oci_spec(spec: &ContainerSpec, image: &ImageConfig, resolved: &Resolved) -> Result<Spec, SpecError> {
    let _ = (spec, image, resolved);
    todo!()
}

/// The capabilities a container's processes are limited to.
///
/// # Errors
/// Names the capability that does not exist.
pub fn capabilities(spec: &ContainerSpec, host: &Host) -> Result<CapabilitySet, SpecError> {
    let _ = (spec, host);
    todo!()
}

/// The seccomp profile that `security_opt` and `privileged` ask for.
///
/// # Errors
/// Names the security option that means nothing.
pub fn seccomp_profile(spec: &ContainerSpec) -> Result<Profile, SpecError> {
    let _ = spec;
    todo!()
}
