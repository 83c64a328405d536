//! From a container's record to the spec it is launched with: everything that must be looked up.

use super::Supervised;
use super::links;
use super::mounts::{self, SourceError};
use crate::runtime::apparmor::{self, AppArmorError};
use crate::runtime::block_io;
use crate::runtime::cdi::{self, CdiError};
use crate::runtime::cgroup::{Cgroup, CgroupError};
use crate::runtime::device::{self, DeviceError, ResolvedDevice};
use crate::runtime::rootfs::Root;
use crate::runtime::seccomp::{self, Program, SeccompError};
use crate::runtime::spec::{self, Host, Joined, Resolved, SpecError};
use crate::runtime::user::{self, ResolvedUser, UserError};
use crate::state::{Layout, container};
use engine_spec::{ContainerId, ContainerName, ContainerSpec, IpcMode, Namespace, NetworkMode};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Why a container cannot be described.
#[derive(Debug, thiserror::Error)]
pub(super) enum DescribeError {
    #[error("cannot use the host's control groups")]
    Cgroup(#[from] CgroupError),
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Cdi(#[from] CdiError),
    #[error(transparent)]
    AppArmor(#[from] AppArmorError),
    #[error(transparent)]
    Spec(#[from] SpecError),
    #[error(transparent)]
    Seccomp(#[from] SeccompError),
    #[error("container {0} does not run, and its namespaces are to be shared")]
    NotRunning(ContainerName),
    #[error("container {0} keeps its IPC namespace to itself; give its service `ipc: shareable`")]
    NotShareable(ContainerName),
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// What a container is launched and entered with.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) spec: oci_spec::runtime::Spec,
    pub(super) seccomp: Option<Program>,
    pub(super) cgroup: Cgroup,
    pub(super) host: Host,
}

/// A container's control group, known before anything of it exists.
pub(crate) fn cgroup_of(layout: &Layout, id: &ContainerId, spec: &ContainerSpec) -> Cgroup {
    let parent = spec.isolation.cgroup_parent.as_deref().map(|parent| parent.trim_matches('/'));
    Cgroup::at(Path::new(parent.unwrap_or(layout.instance())).join(id.as_str()))
}

/// Describes the container whose files are in `root`.
pub(super) fn describe(supervised: &Supervised, root: &Root) -> Result<Description, DescribeError> {
    let Supervised { layout, record, .. } = supervised;
    let cgroup = cgroup_of(layout, &record.id, &record.spec);
    let host = Host::read()?;
    let user = resolve_user(supervised, root)?;
    let resolved = Resolved {
        id: record.id.clone(),
        mounts: mounts::resolve(supervised, &user)?,
        user,
        devices: devices(&record.spec)?,
        apparmor: apparmor::resolve(
            spec::apparmor_profile(&record.spec)?.as_deref(),
            record.spec.security.privileged,
        )?,
        edits: cdi::resolve(&record.spec.devices)?,
        block_io: block_io::resolve(&record.spec.resources.block_io)?,
        cgroup_path: cgroup.path().to_owned(),
        joined: joined(layout, &record.spec)?,
        host,
    };
    let capabilities = spec::capabilities(&record.spec, &resolved.host)?;
    let profile = spec::seccomp_profile(&record.spec)?;
    Ok(Description {
        spec: spec::oci_spec(&linked(supervised), &record.image, &resolved)?,
        seccomp: seccomp::load(&profile, capabilities)?,
        cgroup,
        host: resolved.host,
    })
}

/// The spec with the variables of its links.
fn linked(supervised: &Supervised) -> Cow<'_, ContainerSpec> {
    let spec = &supervised.record.spec;
    if spec.links.is_empty() {
        return Cow::Borrowed(spec);
    }
    let mut linked = spec.clone();
    let variables = links::variables(supervised).into_iter();
    linked.process.environment.extend(variables.map(|(key, value)| (key, Some(value))));
    Cow::Owned(linked)
}

fn resolve_user(supervised: &Supervised, root: &Root) -> Result<ResolvedUser, UserError> {
    let process = &supervised.record.spec.process;
    let asked = process.user.as_deref().or(supervised.record.image.user.as_deref()).unwrap_or_default();
    user::resolve(root, asked, &process.group_add)
}

fn devices(spec: &ContainerSpec) -> Result<Vec<ResolvedDevice>, DeviceError> {
    if spec.security.privileged {
        return device::host_devices();
    }
    let resolved: Result<Vec<_>, _> = spec.devices.nodes.iter().map(device::resolve).collect();
    Ok(resolved?.into_iter().flatten().collect())
}

/// The namespaces of other containers that this one shares, which must run now.
fn joined(layout: &Layout, spec: &ContainerSpec) -> Result<Joined, DescribeError> {
    let of = |namespace: &Namespace, kind: &str| match namespace {
        Namespace::Private | Namespace::Host => Ok(None),
        Namespace::Container { name } => namespace_of(layout, name, kind).map(Some),
    };
    let network = match &spec.network {
        NetworkMode::Container { name } => Some(namespace_of(layout, name, "net")?),
        NetworkMode::None | NetworkMode::Host | NetworkMode::Networks { .. } => None,
    };
    let (ipc, shared_memory) = match &spec.isolation.ipc {
        IpcMode::Container { name } => {
            let process = shareable(layout, name)?;
            (Some(process.join("ns/ipc")), Some(process.join("root/dev/shm")))
        }
        IpcMode::Private | IpcMode::Shareable | IpcMode::None | IpcMode::Host => (None, None),
    };
    Ok(Joined {
        network,
        ipc,
        shared_memory,
        pid: of(&spec.isolation.pid, "pid")?,
        uts: of(&spec.isolation.uts, "uts")?,
    })
}

fn namespace_of(layout: &Layout, name: &ContainerName, kind: &str) -> Result<PathBuf, DescribeError> {
    let id = container::by_name(layout, name).ok_or_else(|| DescribeError::NotRunning(name.clone()))?;
    Ok(process_of(layout, &id, name)?.join("ns").join(kind))
}

/// The first process of a container that lets others into its IPC namespace.
fn shareable(layout: &Layout, name: &ContainerName) -> Result<PathBuf, DescribeError> {
    let not_running = || DescribeError::NotRunning(name.clone());
    let id = container::by_name(layout, name).ok_or_else(not_running)?;
    let record = container::load(layout, &id).ok().flatten().ok_or_else(not_running)?;
    match record.spec.isolation.ipc {
        IpcMode::Shareable | IpcMode::Host => process_of(layout, &id, name),
        IpcMode::Private | IpcMode::None | IpcMode::Container { .. } => {
            Err(DescribeError::NotShareable(name.clone()))
        }
    }
}

/// `/proc/<pid>` of a container's first process.
fn process_of(layout: &Layout, id: &ContainerId, name: &ContainerName) -> Result<PathBuf, DescribeError> {
    let init = container::status(layout, id).ok().and_then(|status| status.init);
    match init.filter(|init| init.is_alive()) {
        Some(init) => Ok(PathBuf::from(format!("/proc/{}", init.pid))),
        None => Err(DescribeError::NotRunning(name.clone())),
    }
}
