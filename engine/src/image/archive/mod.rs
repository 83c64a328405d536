//! Images as files: archives of root file systems, and images moved without a registry.
//!
//! | Form | What is in it |
//! |---|---|
//! | root file system | a tree, which becomes the only layer of a new image ([`import()`]) |
//! | docker-archive | `manifest.json`, which names configurations and layers |
//! | OCI layout | `oci-layout`, `index.json`, `blobs/<algorithm>/<hex>`; a folder, or an archive of it |
//!
//! [`save()`] writes both of the latter in one: blobs once, `manifest.json` and `index.json` beside them.
//! [`load()`] reads either. All of it is hostile: paths stay inside, digests are recomputed, layers go
//! through the store's own unpacking.

mod folder;
mod import;
mod load;
mod save;

pub use import::{ImportError, ImportOptions, import};
pub use load::{LoadError, Loaded, load, load_folder};
pub use save::{SaveError, Saved, save, save_folder};

use engine_spec::Digest;
use serde::{Deserialize, Serialize};

/// The file that says that a folder is an OCI layout (image-layout.md), and what it says.
const LAYOUT_FILE: &str = "oci-layout";
const LAYOUT_TEXT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
/// The images of an OCI layout.
const INDEX_FILE: &str = "index.json";
/// The images of a docker-archive.
const MANIFEST_FILE: &str = "manifest.json";
/// Where an index has an image's full name: containerd's and docker's word for it.
const NAME_ANNOTATION: &str = "io.containerd.image.name";
/// Where it has its tag, or with some tools its full name (annotations.md).
const TAG_ANNOTATION: &str = "org.opencontainers.image.ref.name";

/// An image of a docker-archive.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// Where a layout has a blob.
fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm(), digest.hex())
}

#[cfg(test)]
mod tests;
