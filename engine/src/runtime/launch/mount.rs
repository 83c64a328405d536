//! An OCI mount and its fstab-style options, understood. Pure.

use super::LaunchError;
use crate::runtime::owners::Owners;
use crate::sys::mount::{Attributes, Depth};
use oci_spec::runtime::Mount;
use std::path::{Path, PathBuf};

/// One mount to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runtime) struct MountPlan {
    /// Where, inside the root file system.
    pub(in crate::runtime) target: PathBuf,
    /// What.
    pub(in crate::runtime) source: Source,
    /// How.
    pub(in crate::runtime) attributes: Attributes,
    /// Whether the attributes count for mounts below it too (`rro`).
    pub(in crate::runtime) depth: Depth,
    /// Other owners than on disk (`idmap`).
    pub(in crate::runtime) owners: Option<Owners>,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runtime) enum Source {
    /// A path of the host.
    Bind {
        /// Absolute.
        path: PathBuf,
        /// Whether mounts below it come along.
        depth: Depth,
    },
    /// A path in the mount namespace of another process.
    Foreign {
        /// The namespace's file.
        namespace: PathBuf,
        /// The path there.
        path: PathBuf,
    },
    /// A new file system.
    FileSystem {
        /// Its type.
        kind: String,
        /// Its name in the table of mounts.
        name: Option<String>,
        /// Its own options, flags without a value.
        parameters: Vec<(String, Option<String>)>,
    },
    /// The container's folder in each tree of control groups v1.
    CgroupV1 {
        /// The tree's name and the folder.
        folders: Vec<(String, PathBuf)>,
    },
}

impl MountPlan {
    /// `cgroups` are the container's folders on a host with control groups v1, empty on others.
    pub(in crate::runtime) fn parse(
        mount: &Mount,
        cgroups: &[(String, PathBuf)],
    ) -> Result<Self, LaunchError> {
        let mut attributes = Attributes::default();
        let mut depth = Depth::Mount;
        let mut bind = None;
        let mut parameters = Vec::new();
        let mut owners = None;
        for option in mount.options().iter().flatten() {
            match option.as_str() {
                "bind" => bind = Some(Depth::Mount),
                "rbind" => bind = Some(Depth::Tree),
                "idmap" => owners = Owners::of(mount),
                "rro" => {
                    attributes.set |= libc::MOUNT_ATTR_RDONLY;
                    depth = Depth::Tree;
                }
                option => {
                    if !apply(option, &mut attributes) {
                        parameters.push(match option.split_once('=') {
                            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                            None => (option.to_owned(), None),
                        });
                    }
                }
            }
        }
        let name = mount.source().as_ref().and_then(|source| source.to_str()).map(str::to_owned);
        let source = match (bind, mount.typ().as_deref()) {
            (Some(depth), _) => bound(mount, depth),
            (None, Some("bind")) => bound(mount, Depth::Mount),
            (None, Some("cgroup")) if cgroups.is_empty() => {
                Source::FileSystem { kind: "cgroup2".to_owned(), name, parameters }
            }
            (None, Some("cgroup")) => Source::CgroupV1 { folders: cgroups.to_vec() },
            (None, Some(kind)) => Source::FileSystem { kind: kind.to_owned(), name, parameters },
            (None, None) => {
                let target = mount.destination().display();
                return Err(LaunchError::Unsupported(format!("a mount without a type at {target}")));
            }
        };
        Ok(Self { target: mount.destination().clone(), source, attributes, depth, owners })
    }
}

/// A path of the host or, as `/proc/<pid>/root/…`, of a process whose mounts the kernel lets nobody bind
/// who is not among them.
fn bound(mount: &Mount, depth: Depth) -> Source {
    let path = mount.source().clone().unwrap_or_default();
    let foreign = path.strip_prefix("/proc").ok().and_then(|inner| {
        let mut parts = inner.components();
        let process =
            parts.next().filter(|process| process.as_os_str().to_string_lossy().parse::<u32>().is_ok())?;
        parts.next().filter(|root| root.as_os_str() == "root")?;
        let namespace = Path::new("/proc").join(process).join("ns/mnt");
        Some(Source::Foreign { namespace, path: Path::new("/").join(parts) })
    });
    foreign.unwrap_or(Source::Bind { path, depth })
}

impl MountPlan {
    /// Whether its file system is given `key`.
    pub(in crate::runtime) fn has_parameter(&self, key: &str) -> bool {
        matches!(&self.source, Source::FileSystem { parameters, .. } if parameters.iter().any(|(known, _)| known == key))
    }
}

/// Applies an option of the mount itself, or says that it is one of its file system.
fn apply(option: &str, attributes: &mut Attributes) -> bool {
    if let Some((_, flag, is_set)) = FLAGS.iter().find(|(name, ..)| *name == option) {
        let (to, from) = match is_set {
            true => (&mut attributes.set, &mut attributes.clear),
            false => (&mut attributes.clear, &mut attributes.set),
        };
        *to |= flag;
        *from &= !flag;
        return true;
    }
    let Some((_, propagation)) = PROPAGATIONS.iter().find(|(name, _)| *name == option) else { return false };
    attributes.propagation = *propagation;
    true
}

const FLAGS: [(&str, u64, bool); 13] = [
    ("ro", libc::MOUNT_ATTR_RDONLY, true),
    ("rw", libc::MOUNT_ATTR_RDONLY, false),
    ("nosuid", libc::MOUNT_ATTR_NOSUID, true),
    ("suid", libc::MOUNT_ATTR_NOSUID, false),
    ("nodev", libc::MOUNT_ATTR_NODEV, true),
    ("dev", libc::MOUNT_ATTR_NODEV, false),
    ("noexec", libc::MOUNT_ATTR_NOEXEC, true),
    ("exec", libc::MOUNT_ATTR_NOEXEC, false),
    ("noatime", libc::MOUNT_ATTR_NOATIME, true),
    ("strictatime", libc::MOUNT_ATTR_STRICTATIME, true),
    ("nodiratime", libc::MOUNT_ATTR_NODIRATIME, true),
    // The kernel's default, and zero as a flag.
    ("relatime", libc::MOUNT_ATTR_RELATIME, true),
    ("defaults", 0, true),
];

/// The same for one mount and, with an `r` before it, for all below it: nothing lies below a new mount
/// that the container did not ask for.
const PROPAGATIONS: [(&str, u64); 8] = [
    ("private", libc::MS_PRIVATE),
    ("rprivate", libc::MS_PRIVATE | libc::MS_REC),
    ("slave", libc::MS_SLAVE),
    ("rslave", libc::MS_SLAVE | libc::MS_REC),
    ("shared", libc::MS_SHARED),
    ("rshared", libc::MS_SHARED | libc::MS_REC),
    ("unbindable", libc::MS_UNBINDABLE),
    ("runbindable", libc::MS_UNBINDABLE | libc::MS_REC),
];
