//! What a step may have beyond a command on top of layers.

use engine_spec::Ulimit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What a step has beyond a command on top of layers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOptions {
    /// The host name; `None` is the one BuildKit gives.
    pub hostname: Option<String>,
    /// What is mounted, those of outer folders first.
    pub mounts: Vec<StepMount>,
    /// All capabilities and devices.
    pub is_insecure: bool,
    /// CDI devices by name.
    pub devices: Vec<String>,
    /// Size of /dev/shm in bytes; `None` is Docker's 64 MiB.
    pub shm_size: Option<u64>,
    /// Limits by name.
    pub ulimits: BTreeMap<String, Ulimit>,
}

/// Something mounted while a step runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepMount {
    /// Where: absolute.
    pub target: PathBuf,
    /// What.
    pub source: StepSource,
    /// Whether writes are refused.
    pub is_read_only: bool,
}

/// Where a mount's content comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum StepSource {
    /// A folder of the host, or what lies at a path in it. No link leads out of it.
    Folder {
        /// The folder.
        root: PathBuf,
        /// The path in it, relative; empty is the folder itself.
        path: PathBuf,
    },
    /// Layers merged; what is written goes into a folder that is thrown away.
    Layers {
        /// Topmost first.
        layers: Vec<PathBuf>,
        /// An empty folder on the layers' file system.
        scratch: PathBuf,
        /// The path in them, relative; empty is all.
        path: PathBuf,
    },
    /// Memory.
    Tmpfs {
        /// In bytes; `None` is the kernel's half of memory.
        size: Option<u64>,
    },
    /// A file in memory.
    Secret {
        /// Its content.
        content: SecretBytes,
        /// Permission bits.
        mode: u32,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
    },
}

/// Bytes that no log shows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretBytes(pub Vec<u8>);

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}
