//! What Docker would tell runc: an OCI runtime spec from a container's spec and its image. Pure.
//!
//! Everything that must be looked up (users, devices, paths of volumes) comes in as [`Resolved`], so
//! the whole of it is tested as text.

pub mod capability;
mod mount;
pub(super) mod process;
mod resource;
mod security;
mod sysctl;
#[cfg(test)]
mod tests;

use super::cdi::Edits;
use super::cgroup::Version;
use super::device::ResolvedDevice;
use super::seccomp::Profile;
use super::user::ResolvedUser;
use capability::CapabilitySet;
use engine_spec::{
    CgroupView, ContainerId, ContainerSpec, ImageConfig, IpcMode, Namespace, NetworkMode, Recursive,
    TmpfsOptions,
};
use oci_spec::runtime::{Hooks, HooksBuilder, Linux, LinuxBlockIo, LinuxNamespace, LinuxNamespaceType, Spec};
pub(crate) use resource::limits;
use security::Options;
use std::path::{Path, PathBuf};

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
    /// What devices described by their vendors change.
    pub edits: Edits,
    /// The AppArmor profile that confines its processes.
    pub apparmor: Option<String>,
    /// Limits of block devices, which the kernel knows by their numbers.
    pub block_io: Option<LinuxBlockIo>,
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
    /// Its /dev/shm, as `/proc/<pid>/root/dev/shm`.
    pub shared_memory: Option<PathBuf>,
    /// For `pid: container:…`.
    pub pid: Option<PathBuf>,
    /// For a shared host name.
    pub uts: Option<PathBuf>,
}

/// What the host allows.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its name, for containers on its network.
    pub name: String,
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
        /// What becomes of mounts below the source.
        recursive: Recursive,
        /// Other owners than on disk.
        idmap: Option<IdMap>,
    },
    /// Memory.
    Tmpfs(TmpfsOptions),
}

/// One user and one group that are seen as others: each pair is the id on disk and the one in the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdMap {
    /// Users.
    pub uid: (u32, u32),
    /// Groups.
    pub gid: (u32, u32),
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
    #[error(
        "sysctl `{key}` is not in a namespace of the container and would change the whole host; \
         if that is wanted, run `sysctl -w {key}={value}` on the host and take it out of the service"
    )]
    SharedSysctl {
        /// The setting.
        key: String,
        /// What it shall be.
        value: String,
    },
    /// The other container whose namespace is shared does not run.
    #[error("the container whose {0} namespace is to be joined does not run")]
    NotJoined(&'static str),
    /// What this engine cannot do yet.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
}

impl Resolved {
    /// The devices asked for by path, then those described by their vendors.
    fn all_devices(&self) -> impl Iterator<Item = &ResolvedDevice> {
        self.devices.iter().chain(&self.edits.devices)
    }
}

impl Host {
    /// Asks the kernel.
    ///
    /// # Errors
    /// Fails where no control groups are mounted.
    pub fn read() -> Result<Self, super::cgroup::CgroupError> {
        // Neither call can fail for this process itself; without an answer nothing is allowed.
        let own = crate::sys::capability::get().unwrap_or_default();
        let name = nix::unistd::gethostname().unwrap_or_default();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            capabilities: CapabilitySet::from_bits(own.effective),
            cgroup: super::cgroup::version()?,
        })
    }
}

/// The runtime spec's version that Docker writes.
const OCI_VERSION: &str = "1.1.0";

/// Describes the container as Docker would.
///
/// # Errors
/// Says which wish cannot be met.
pub fn oci_spec(spec: &ContainerSpec, image: &ImageConfig, resolved: &Resolved) -> Result<Spec, SpecError> {
    let options = Options::parse(spec)?;
    let mut root = oci_spec::runtime::Root::default();
    root.set_path("rootfs".into()).set_readonly(Some(spec.security.read_only));
    let has_uts = spec.isolation.uts == Namespace::Private;
    let mut described = Spec::default();
    described
        .set_version(OCI_VERSION.to_owned())
        .set_root(Some(root))
        .set_process(Some(process::process(spec, image, resolved, &options)?))
        .set_hostname(has_uts.then(|| hostname(spec, resolved).to_owned()))
        .set_domainname(spec.domainname.clone().filter(|_| has_uts))
        .set_mounts(Some(mount::mounts(spec, resolved)?))
        .set_hooks(hooks(resolved))
        .set_annotations(Some(spec.annotations.clone().into_iter().collect()))
        .set_linux(Some(linux(spec, resolved, &options)?));
    Ok(described)
}

fn hooks(resolved: &Resolved) -> Option<Hooks> {
    let hooks = Some(resolved.edits.hooks.clone()).filter(|hooks| !hooks.is_empty())?;
    HooksBuilder::default().create_container(hooks).build().ok()
}

fn linux(spec: &ContainerSpec, resolved: &Resolved, options: &Options) -> Result<Linux, SpecError> {
    let mut linux = Linux::default();
    linux
        .set_sysctl(Some(sysctl::sysctls(spec)?).filter(|sysctls| !sysctls.is_empty()))
        .set_resources(Some(resource::resources(spec, resolved)))
        .set_cgroups_path(Some(Path::new("/").join(&resolved.cgroup_path)))
        .set_namespaces(Some(namespaces(spec, resolved)?))
        .set_devices(Some(resource::devices(resolved)))
        .set_masked_paths(options.masked_paths())
        .set_readonly_paths(options.read_only_paths());
    Ok(linux)
}

/// A container on the host's network has the host's name, as in Docker.
fn hostname<'a>(spec: &'a ContainerSpec, resolved: &'a Resolved) -> &'a str {
    match (&spec.hostname, &spec.network) {
        (Some(name), _) => name,
        (None, NetworkMode::Host) => &resolved.host.name,
        (None, _) => resolved.id.short(),
    }
}

fn namespaces(spec: &ContainerSpec, resolved: &Resolved) -> Result<Vec<LinuxNamespace>, SpecError> {
    let joined = &resolved.joined;
    let network = match &spec.network {
        NetworkMode::None | NetworkMode::Networks { .. } => Some(None),
        NetworkMode::Host => None,
        NetworkMode::Container { .. } => {
            Some(Some(joined.network.as_ref().ok_or(SpecError::NotJoined("network"))?))
        }
    };
    let choose = |wish: &Namespace, path, name| match wish {
        Namespace::Private => Ok(Some(None)),
        Namespace::Host => Ok(None),
        Namespace::Container { .. } => {
            Option::ok_or(path, SpecError::NotJoined(name)).map(|path| Some(Some(path)))
        }
    };
    let ipc = match &spec.isolation.ipc {
        IpcMode::Private | IpcMode::Shareable | IpcMode::None => Some(None),
        IpcMode::Host => None,
        IpcMode::Container { .. } => Some(Some(joined.ipc.as_ref().ok_or(SpecError::NotJoined("IPC"))?)),
    };
    let has_cgroup_view = match spec.isolation.cgroup {
        Some(view) => view == CgroupView::Private,
        // On version 1 Docker leaves the host's cgroup namespace, on version 2 it makes one.
        None => resolved.host.cgroup == Version::V2,
    };
    let chosen: [(LinuxNamespaceType, Option<Option<&PathBuf>>); 6] = [
        (LinuxNamespaceType::Mount, Some(None)),
        (LinuxNamespaceType::Network, network),
        (LinuxNamespaceType::Uts, choose(&spec.isolation.uts, joined.uts.as_ref(), "UTS")?),
        (LinuxNamespaceType::Pid, choose(&spec.isolation.pid, joined.pid.as_ref(), "pid")?),
        (LinuxNamespaceType::Ipc, ipc),
        (LinuxNamespaceType::Cgroup, has_cgroup_view.then_some(None)),
    ];
    let built = chosen.into_iter().filter_map(|(kind, namespace)| {
        let mut built = LinuxNamespace::default();
        built.set_typ(kind).set_path(namespace?.cloned());
        Some(built)
    });
    Ok(built.collect())
}

/// The capabilities a container's processes are limited to: never more than the engine's own.
///
/// # Errors
/// Names the capability that does not exist.
pub fn capabilities(spec: &ContainerSpec, host: &Host) -> Result<CapabilitySet, SpecError> {
    let security = &spec.security;
    let wanted = if security.privileged {
        CapabilitySet::ALL
    } else {
        let adjusted = CapabilitySet::docker_default().adjusted(&security.cap_add, &security.cap_drop);
        adjusted.map_err(|name| SpecError::UnknownCapability(name.to_owned()))?
    };
    Ok(wanted.and(host.capabilities))
}

/// The capabilities that `spec` limits its process to.
#[must_use]
pub fn bounding(spec: &Spec) -> CapabilitySet {
    let sets = spec.process().as_ref().and_then(|process| process.capabilities().as_ref());
    let bounding = sets.and_then(|sets| sets.bounding().as_ref());
    bounding.map(CapabilitySet::from_oci).unwrap_or_default()
}

/// The AppArmor profile that `security_opt` asks for.
///
/// # Errors
/// Names the security option that means nothing.
pub fn apparmor_profile(spec: &ContainerSpec) -> Result<Option<String>, SpecError> {
    Options::parse(spec).map(|options| options.apparmor)
}

/// The seccomp profile that `security_opt` and `privileged` ask for.
///
/// # Errors
/// Names the security option that means nothing.
pub fn seccomp_profile(spec: &ContainerSpec) -> Result<Profile, SpecError> {
    Options::parse(spec).map(|options| options.seccomp)
}
