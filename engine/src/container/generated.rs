//! What a start leaves in a container's upper folder that is no change of the container's: the places where
//! something is mounted, made because the image has them not.

use engine_spec::{ContainerSpec, MountSource};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Always mounted: the files that describe the container, and the kernel's file systems.
const ALWAYS: [&str; 6] = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/dev", "/proc", "/sys"];

/// The places where a start of this container mounts something of the engine's own.
#[derive(Debug)]
pub(super) struct Generated(BTreeSet<PathBuf>);

impl Generated {
    pub(super) fn of(spec: &ContainerSpec) -> Self {
        let contents = spec.mounts.iter().filter(|mount| matches!(mount.source, MountSource::Content { .. }));
        let contents = contents.map(|mount| mount.target.clone());
        Self(ALWAYS.iter().map(PathBuf::from).chain(contents).collect())
    }

    /// Whether `path`, from the root and with a leading slash, is one of them.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.0.contains(path)
    }

    /// Whether one of them lies right in the folder `path`.
    pub(super) fn is_in(&self, path: &Path) -> bool {
        self.0.iter().any(|generated| generated.parent() == Some(path))
    }
}
