//! Mounts: the ones every container has, then the ones asked for, outer before inner.

use super::{Joined, Resolved, ResolvedMount, ResolvedSource, SpecError};
use engine_spec::{ContainerSpec, IpcMode, Recursive, TmpfsOptions};
use oci_spec::runtime::{LinuxIdMapping, LinuxIdMappingBuilder, Mount};
use std::path::{Path, PathBuf};

/// Target, type, source and options, as Docker gives them to runc (moby, oci/defaults.go).
const DEFAULTS: [(&str, &str, &str, &[&str]); 6] = [
    ("/proc", "proc", "proc", &["nosuid", "noexec", "nodev"]),
    ("/dev", "tmpfs", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
    (
        "/dev/pts",
        "devpts",
        "devpts",
        &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    ),
    ("/sys", "sysfs", "sysfs", &["nosuid", "noexec", "nodev", "ro"]),
    ("/sys/fs/cgroup", "cgroup", "cgroup", &["ro", "nosuid", "noexec", "nodev"]),
    ("/dev/mqueue", "mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
];
const SHARED_MEMORY: &str = "/dev/shm";
/// Docker's default size of /dev/shm.
const SHARED_MEMORY_SIZE: u64 = 64 * 1024 * 1024;
const PROPAGATION: &str = "rprivate";

pub(super) fn mounts(spec: &ContainerSpec, resolved: &Resolved) -> Result<Vec<Mount>, SpecError> {
    let mut mounts: Vec<Mount> =
        defaults(spec, &resolved.joined)?.into_iter().filter(|mount| !is_replaced(mount, resolved)).collect();
    let mut asked: Vec<&ResolvedMount> = resolved.mounts.iter().collect();
    asked.sort_by_key(|mount| mount.target.components().count());
    mounts.extend(asked.into_iter().map(asked_for));
    mounts.extend(resolved.edits.mounts.iter().cloned());
    Ok(mounts)
}

/// Who mounts over /dev means all that is below it too.
fn is_replaced(default: &Mount, resolved: &Resolved) -> bool {
    let target = default.destination();
    let replaces = |mount: &ResolvedMount| {
        mount.target == *target || (mount.target == Path::new("/dev") && target.starts_with("/dev"))
    };
    resolved.mounts.iter().any(replaces)
}

fn defaults(spec: &ContainerSpec, joined: &Joined) -> Result<Vec<Mount>, SpecError> {
    let is_writable = |kind: &str| spec.security.privileged && matches!(kind, "sysfs" | "cgroup");
    let mut mounts: Vec<Mount> = DEFAULTS
        .iter()
        .map(|(target, kind, source, options)| {
            let options = options.iter().filter(|option| **option != "ro" || !is_writable(kind));
            mount(target, kind, source, options.map(ToString::to_string).collect())
        })
        .collect();
    let bound = |source: &Path| {
        let options = ["rbind", PROPAGATION].map(str::to_owned).to_vec();
        mount(SHARED_MEMORY, "bind", source, options)
    };
    match &spec.isolation.ipc {
        IpcMode::Private | IpcMode::Shareable => mounts.push(shared_memory(spec)),
        IpcMode::None => {}
        // /dev/mqueue is the host's by itself: a mount of it shows the namespace of whoever mounts.
        IpcMode::Host => mounts.push(bound(Path::new(SHARED_MEMORY))),
        IpcMode::Container { .. } => {
            mounts.push(bound(joined.shared_memory.as_deref().ok_or(SpecError::NotJoined("IPC"))?));
        }
    }
    Ok(mounts)
}

fn shared_memory(spec: &ContainerSpec) -> Mount {
    let size = format!("size={}", spec.resources.shm_size.unwrap_or(SHARED_MEMORY_SIZE));
    let options = ["nosuid", "noexec", "nodev", "mode=1777", &size].map(str::to_owned);
    mount(SHARED_MEMORY, "tmpfs", "shm", options.to_vec())
}

fn asked_for(wish: &ResolvedMount) -> Mount {
    match &wish.source {
        ResolvedSource::Bind { path, propagation, recursive, idmap } => {
            let mut options =
                vec![if *recursive == Recursive::Disabled { "bind" } else { "rbind" }.to_owned()];
            options.push(propagation.clone().unwrap_or_else(|| PROPAGATION.to_owned()));
            options.extend(wish.read_only.then(|| read_only(*recursive).to_owned()));
            options.extend(idmap.map(|_| "idmap".to_owned()));
            let mut mount = mount(&wish.target, "bind", path, options);
            if let Some(idmap) = idmap {
                mount
                    .set_uid_mappings(Some(exchanged(idmap.uid)))
                    .set_gid_mappings(Some(exchanged(idmap.gid)));
            }
            mount
        }
        ResolvedSource::Tmpfs(tmpfs) => {
            let mut options = ["noexec", "nosuid", "nodev"].map(str::to_owned).to_vec();
            options.extend(wish.read_only.then(|| "ro".to_owned()));
            options.extend(tmpfs_options(tmpfs));
            mount(&wish.target, "tmpfs", "tmpfs", options)
        }
    }
}

/// Every id as it is, but for two that change places.
fn exchanged((on_disk, seen): (u32, u32)) -> Vec<LinuxIdMapping> {
    let (low, high) = (on_disk.min(seen), on_disk.max(seen));
    let range = |from: u32, to: u32, size: u32| {
        let range = LinuxIdMappingBuilder::default().container_id(from).host_id(to).size(size);
        range.build().expect("every field has a default")
    };
    if low == high {
        return vec![range(0, 0, u32::MAX)];
    }
    let ranges = [
        range(0, 0, low),
        range(low, high, 1),
        range(low + 1, low + 1, high - low - 1),
        range(high, low, 1),
        range(high + 1, high + 1, u32::MAX - high - 1),
    ];
    ranges.into_iter().filter(|range| range.size() > 0).collect()
}

/// Docker 25 on: read-only counts for mounts below the source as well, unless that is not wanted.
fn read_only(recursive: Recursive) -> &'static str {
    match recursive {
        Recursive::Enabled | Recursive::Readonly => "rro",
        Recursive::Disabled | Recursive::Writable => "ro",
    }
}

fn tmpfs_options(tmpfs: &TmpfsOptions) -> impl Iterator<Item = String> + use<'_> {
    let size = tmpfs.size.map(|size| format!("size={size}"));
    let mode = tmpfs.mode.map(|mode| format!("mode={mode:o}"));
    let uid = tmpfs.uid.map(|uid| format!("uid={uid}"));
    let gid = tmpfs.gid.map(|gid| format!("gid={gid}"));
    [size, mode, uid, gid].into_iter().flatten().chain(tmpfs.options.iter().cloned())
}

fn mount(target: impl Into<PathBuf>, kind: &str, source: impl Into<PathBuf>, options: Vec<String>) -> Mount {
    let mut mount = Mount::default();
    mount
        .set_destination(target.into())
        .set_typ(Some(kind.to_owned()))
        .set_source(Some(source.into()))
        .set_options(Some(options));
    mount
}
