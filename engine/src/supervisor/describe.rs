//! From a container's record to the spec it is launched with: everything that must be looked up.

use super::Supervised;
use crate::container::folder::Folder;
use crate::runtime::block_io;
use crate::runtime::cgroup::{Cgroup, CgroupError};
use crate::runtime::device::{self, DeviceError, ResolvedDevice};
use crate::runtime::rootfs::Root;
use crate::runtime::seccomp::{self, Program, SeccompError};
use crate::runtime::spec::{self, Host, Joined, Resolved, ResolvedMount, ResolvedSource, SpecError};
use crate::runtime::user::{self, ResolvedUser, UserError};
use crate::state::{Layout, container};
use crate::volume;
use engine_spec::{
    ContainerId, ContainerName, ContainerSpec, IpcMode, MountSource, MountSpec, Namespace, NetworkMode,
    Recursive,
};
use nix::fcntl::OFlag;
use std::fs;
use std::io;
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
    Spec(#[from] SpecError),
    #[error(transparent)]
    Seccomp(#[from] SeccompError),
    #[error("container {0} does not run, and its namespaces are to be shared")]
    NotRunning(ContainerName),
    #[error("container {0} keeps its IPC namespace to itself; give its service `ipc: shareable`")]
    NotShareable(ContainerName),
    #[error("cannot use {path} as the source of {}", target.display())]
    Source {
        path: PathBuf,
        target: PathBuf,
        #[source]
        source: io::Error,
    },
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
    let resolved = Resolved {
        id: record.id.clone(),
        user: resolve_user(supervised, root)?,
        mounts: mounts(supervised)?,
        devices: devices(&record.spec)?,
        block_io: block_io::resolve(&record.spec.resources.block_io)?,
        cgroup_path: cgroup.path().to_owned(),
        joined: joined(layout, &record.spec)?,
        host,
    };
    let capabilities = spec::capabilities(&record.spec, &resolved.host)?;
    let profile = spec::seccomp_profile(&record.spec)?;
    Ok(Description {
        spec: spec::oci_spec(&record.spec, &record.image, &resolved)?,
        seccomp: seccomp::load(&profile, capabilities)?,
        cgroup,
        host: resolved.host,
    })
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

/// The spec's mounts, the image's volumes, and the files of /etc that nobody else mounts.
fn mounts(supervised: &Supervised) -> Result<Vec<ResolvedMount>, DescribeError> {
    let spec = &supervised.record.spec;
    let mut mounts = Vec::new();
    for (number, mount) in spec.mounts.iter().enumerate() {
        mounts.push(ResolvedMount {
            target: mount.target.clone(),
            source: source(supervised, number, mount)?,
            read_only: mount.read_only || matches!(mount.source, MountSource::Content { .. }),
        });
    }
    let is_free = |target: &Path, mounts: &[ResolvedMount]| mounts.iter().all(|mount| mount.target != target);
    for (target, name) in &supervised.record.volumes {
        if is_free(Path::new(target), &mounts) {
            mounts.push(bind(target.into(), volume::data(&supervised.layout, name)));
        }
    }
    let etc = etc_folder(supervised);
    for name in ["hostname", "hosts", "resolv.conf"] {
        let target = Path::new("/etc").join(name);
        if is_free(&target, &mounts) {
            mounts.push(bind(target, etc.etc(name)));
        }
    }
    Ok(mounts)
}

/// Who shares another container's network shares the files that describe it.
fn etc_folder(supervised: &Supervised) -> Folder {
    let Supervised { layout, record, folder, .. } = supervised;
    match &record.spec.network {
        NetworkMode::Container { name } => {
            container::by_name(layout, name).map_or_else(|| folder.clone(), |id| Folder::of(layout, &id))
        }
        NetworkMode::None | NetworkMode::Host | NetworkMode::Networks { .. } => folder.clone(),
    }
}

fn bind(target: PathBuf, path: PathBuf) -> ResolvedMount {
    let source = ResolvedSource::Bind { path, propagation: None, recursive: Recursive::Enabled };
    ResolvedMount { target, source, read_only: false }
}

fn source(
    supervised: &Supervised,
    number: usize,
    mount: &MountSpec,
) -> Result<ResolvedSource, DescribeError> {
    let plain = |path| ResolvedSource::Bind { path, propagation: None, recursive: Recursive::Enabled };
    let refuse = |path: &Path, source| DescribeError::Source {
        path: path.to_owned(),
        target: mount.target.clone(),
        source,
    };
    Ok(match &mount.source {
        MountSource::Bind { path, options } => {
            if options.create_host_path {
                fs::create_dir_all(path)
                    .or_else(|error| if path.exists() { Ok(()) } else { Err(error) })
                    .map_err(|source| refuse(path, source))?;
            }
            ResolvedSource::Bind {
                path: path.clone(),
                propagation: options.propagation.clone(),
                recursive: options.recursive,
            }
        }
        MountSource::Volume { options, .. } => {
            let name = mount.target.to_str().and_then(|target| supervised.record.volumes.get(target));
            let data = name.map_or_else(PathBuf::new, |name| volume::data(&supervised.layout, name));
            match &options.subpath {
                Some(subpath) => {
                    plain(below(&data, subpath).map_err(|source| refuse(&data.join(subpath), source))?)
                }
                None => plain(data),
            }
        }
        MountSource::Tmpfs { options } => ResolvedSource::Tmpfs(options.clone()),
        MountSource::Image { .. } => return Err(SpecError::Unsupported("mounting an image").into()),
        MountSource::Content { .. } => plain(supervised.folder.content(number)),
    })
}

/// A path below a volume's data, which containers write: links must not lead out of it.
fn below(data: &Path, subpath: &Path) -> io::Result<PathBuf> {
    let volume = Root::from_mount(fs::File::open(data)?.into(), PathBuf::new());
    let opened = volume.open(subpath, OFlag::O_PATH | OFlag::O_CLOEXEC)?;
    use std::os::fd::AsRawFd;
    fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd()))
}
