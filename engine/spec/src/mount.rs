//! What a container sees at a path other than its image.

use crate::{Digest, ImageReference, Labels, VolumeName};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One mount of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountSpec {
    /// Absolute path inside the container.
    pub target: PathBuf,
    /// Where the content comes from.
    pub source: MountSource,
    /// Whether writes are refused.
    pub read_only: bool,
}

/// Where a mount's content comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum MountSource {
    /// A path of the host.
    Bind {
        /// Absolute path on the host.
        path: PathBuf,
        /// How it is bound.
        options: BindOptions,
    },
    /// A volume; without a name an anonymous one is made and goes with the container.
    Volume {
        /// `None` for an anonymous volume.
        name: Option<VolumeName>,
        /// How it is used.
        options: VolumeOptions,
    },
    /// Memory.
    Tmpfs {
        /// Size, mode and owner.
        options: TmpfsOptions,
    },
    /// An image's files, read-only.
    Image {
        /// The image by the name the user gave.
        image: ImageReference,
        /// The image by content: its config digest.
        id: Digest,
        /// Folder within the image to mount.
        subpath: Option<PathBuf>,
    },
    /// Bytes the engine writes into a read-only file (configs and secrets).
    Content {
        /// The bytes; never logged.
        bytes: Vec<u8>,
        /// Permission bits.
        mode: u32,
        /// Owner inside the container.
        uid: u32,
        /// Group inside the container.
        gid: u32,
    },
}

/// How a host path is bound.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindOptions {
    /// Create a missing host path as a folder (short syntax) instead of failing.
    pub create_host_path: bool,
    /// Mount propagation (`rprivate`, `rshared`, `rslave`, …); `None` is `rprivate`.
    pub propagation: Option<String>,
    /// What becomes of mounts below the source.
    #[serde(default)]
    pub recursive: Recursive,
    /// Show the owner of the source as the container's user and the other way round, on disk unchanged
    /// (`x-lighter-idmap`).
    #[serde(default)]
    pub idmap: bool,
}

/// What becomes of mounts below the source of a bind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recursive {
    /// They come along, and are read-only with it.
    #[default]
    Enabled,
    /// They are left out.
    Disabled,
    /// They come along, and stay writable in a read-only mount.
    Writable,
    /// They come along read-only; a kernel that cannot do that is an error.
    Readonly,
}

/// How a volume is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeOptions {
    /// Do not fill an empty volume from the image.
    pub no_copy: bool,
    /// Folder within the volume to mount.
    pub subpath: Option<PathBuf>,
    /// Labels of the anonymous volume that is made.
    #[serde(default)]
    pub labels: Labels,
}

/// A memory file system's limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TmpfsOptions {
    /// Limit in bytes; `None` is the kernel's half of memory.
    pub size: Option<u64>,
    /// Permission bits of its root; `None` is 01777.
    pub mode: Option<u32>,
    /// Owner of its root.
    pub uid: Option<u32>,
    /// Group of its root.
    pub gid: Option<u32>,
    /// More options of the mount as mount(8) writes them (`exec`, `nr_inodes=1k`).
    #[serde(default)]
    pub options: Vec<String>,
}
