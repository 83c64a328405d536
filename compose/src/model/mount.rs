//! The `volumes` of a service, in long form.

use super::{ByteSize, Rest, is_default};
use engine_spec::Labels;
use serde::{Deserialize, Serialize};

/// One mount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    #[serde(flatten)]
    pub kind: MountKind,
    /// The path in the container.
    pub target: String,
    /// Whether writes are refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// Kept for `config` only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub consistency: Option<String>,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum MountKind {
    /// A path of the host.
    Bind {
        /// The path, absolute.
        source: String,
        /// How.
        #[serde(default, skip_serializing_if = "is_default")]
        bind: Option<BindUse>,
    },
    /// A volume, anonymous without a source.
    Volume {
        /// The volume's key.
        #[serde(default, skip_serializing_if = "is_default")]
        source: Option<String>,
        /// How.
        #[serde(default, skip_serializing_if = "is_default")]
        volume: Option<VolumeUse>,
    },
    /// Memory.
    Tmpfs {
        /// How.
        #[serde(default, skip_serializing_if = "is_default")]
        tmpfs: Option<TmpfsUse>,
    },
    /// An image's files.
    Image {
        /// The image.
        source: String,
        /// How.
        #[serde(default, skip_serializing_if = "is_default")]
        image: Option<ImageUse>,
    },
}

/// How a host path is mounted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BindUse {
    /// Mount propagation.
    #[serde(skip_serializing_if = "is_default")]
    pub propagation: Option<String>,
    /// Whether a missing path is created as a folder; unset means yes. Only `true` is printed.
    #[serde(skip_serializing_if = "is_not_true")]
    pub create_host_path: Option<bool>,
    /// `enabled`, `disabled`, `writable` or `readonly`: what becomes of mounts below.
    #[serde(skip_serializing_if = "is_default")]
    pub recursive: Option<String>,
    /// `z` or `Z`; kept for `config` only.
    #[serde(skip_serializing_if = "is_default")]
    pub selinux: Option<String>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// How a volume is mounted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeUse {
    /// Leave an empty volume empty.
    #[serde(skip_serializing_if = "is_default")]
    pub nocopy: bool,
    /// The folder within the volume.
    #[serde(skip_serializing_if = "is_default")]
    pub subpath: Option<String>,
    /// Labels of the volume, if it is made for this mount.
    #[serde(skip_serializing_if = "is_default")]
    pub labels: Labels,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// The limits of a memory file system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TmpfsUse {
    /// Bytes at most.
    #[serde(skip_serializing_if = "is_default")]
    pub size: Option<ByteSize>,
    /// Permission bits.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: Option<u32>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// How an image is mounted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageUse {
    /// The folder within the image.
    #[serde(skip_serializing_if = "is_default")]
    pub subpath: Option<String>,
}

fn is_not_true(value: &Option<bool>) -> bool {
    *value != Some(true)
}
