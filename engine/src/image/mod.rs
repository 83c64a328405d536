//! Images: what is in the store, how they get there from registries and archives, and back.
//!
//! ```text
//! registry::pull ─┐ blobs            ┌─> layers/<diff id>/   unpacked once, immutable
//! archive::load   ┼────────> layer ──┤
//! build's upperdir┘ trees            └─> images/             records, names
//! ```
//! [`Store`] owns everything on disk. [`layer`] turns archives into trees and trees into archives,
//! [`registry`] speaks the OCI distribution protocol, [`archive`] reads and writes images as files.
//! All of it blocks, but [`registry`], which runs on tokio.

pub mod archive;
mod config;
pub mod layer;
mod manifest;
pub mod registry;
mod store;

pub use config::{Configuration, ConfigurationError, History};
pub use layer::{Layer, Limits};
pub use manifest::{Descriptor, Manifest, ManifestError, check_manifest};
pub(crate) use manifest::{fits, name as platform_name};
pub(crate) use store::Staging;
pub use store::{Damage, Flaw, Lease, Removed, Store, StoreError};

use engine_spec::{Digest, ImageConfig, Platform};
use serde::{Deserialize, Serialize};

/// An image of the local store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its identity: the digest of its configuration.
    pub id: Digest,
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The diff ids of its layers, bottom first.
    pub layers: Vec<Digest>,
    /// What it says about containers.
    pub config: ImageConfig,
    /// What it runs on.
    pub platform: Platform,
    /// When it was made, as its configuration says it (RFC 3339).
    pub created: Option<String>,
    /// The size of its layers' uncompressed archives, in bytes.
    pub size: u64,
}

impl crate::state::record::Record for Image {
    const KIND: &'static str = "image";
    const VERSION: u32 = 1;
}
