//! Configs and secrets, and how a service uses them.

use super::{Rest, is_default};
use engine_spec::Labels;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// A config or secret of the project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileObject {
    /// Its name, `<project>_<key>` unless the file says otherwise.
    pub name: String,
    /// Where its content comes from; an external one has no source.
    #[serde(flatten)]
    pub source: Option<FileSource>,
    /// Whether it is made outside the project.
    #[serde(skip_serializing_if = "is_default")]
    pub external: bool,
    /// Labels.
    #[serde(skip_serializing_if = "is_default")]
    pub labels: Labels,
    /// Attributes the engine does not apply, and `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
    /// The content, where the loader was asked for it.
    #[serde(skip)]
    pub contents: Option<Contents>,
}

/// Where the content of a config or secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileSource {
    /// A file.
    File(PathBuf),
    /// A variable of the environment that the project is loaded in.
    Environment(String),
    /// Text in the Compose file (configs only).
    Content(String),
}

/// The bytes of a config or secret; never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents(pub Vec<u8>);

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

/// A config or secret as a file in a service's containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The key of the config or secret.
    pub source: String,
    /// The path in the container; `None` is `/<source>` or `/run/secrets/<source>`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub target: Option<String>,
    /// The owner.
    #[serde(default, skip_serializing_if = "is_default")]
    pub uid: Option<String>,
    /// The group.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gid: Option<String>,
    /// The permission bits.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: Option<u32>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}
