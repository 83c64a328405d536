//! Layers: unpacked once, complete or not there, never changed.

use super::{Staging, Store, StoreError};
use crate::image::Layer;
use crate::image::layer;
use crate::image::manifest::Descriptor;
use crate::state::record::{self, Record};
use engine_spec::Digest;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The root folder of a layer whose archive says nothing about it.
const ROOT_MODE: u32 = 0o755;

/// What is known of a layer beside its tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LayerRecord {
    /// The size of its uncompressed archive, in bytes.
    pub(crate) size: u64,
    /// The blob it was pulled as or pushed as; without one, its tree gives the archive again.
    pub(crate) blob: Option<Descriptor>,
    /// Other blobs of the same archive that images came with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<Digest>,
    /// The layers it must lie on, bottom first: it has hard links to files of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) below: Option<Vec<Digest>>,
}

impl Record for LayerRecord {
    const KIND: &'static str = "layer";
    const VERSION: u32 = 1;
}

impl Store {
    /// Whether a layer is here, whole.
    #[must_use]
    pub fn has_layer(&self, diff_id: &Digest) -> bool {
        self.layout.layer(diff_id).is_dir()
    }

    /// Makes a folder for a tree that is to become a layer, on the layers' file system.
    ///
    /// # Errors
    /// Says why the folder could not be made.
    pub(crate) fn stage_tree(&self, staging: &Staging) -> Result<PathBuf, StoreError> {
        let path = staging.path("tree");
        let make = || {
            DirBuilder::new().mode(0o700).create(&path)?;
            fs::set_permissions(&path, Permissions::from_mode(ROOT_MODE))
        };
        make().map_err(StoreError::io("create", &path))?;
        Ok(path)
    }

    /// Makes an unmounted overlay upper folder a layer: it becomes `layers/<diff id>` itself.
    ///
    /// The archive that names it is hashed, never written; `syncfs(2)` runs beside the hashing.
    ///
    /// # Errors
    /// Says what in the tree cannot be archived, or why the layer could not be published. The tree
    /// stays where it was.
    pub fn commit_layer(&self, upper: &Path) -> Result<Layer, StoreError> {
        let staging = Staging::new(&self.layout)?;
        let (layer, synced) = std::thread::scope(|scope| {
            let sync = scope.spawn(|| crate::state::sync_stage(self.layout.data()));
            (layer::digest(upper), sync.join())
        });
        synced.expect("the sync thread does not panic")?;
        let layer = layer.map_err(|source| StoreError::Commit { path: upper.to_owned(), source })?;
        let record = LayerRecord { size: layer.size, blob: None, others: Vec::new(), below: None };
        let is_new = !self.has_layer(&layer.diff_id);
        self.publish_tree(staging, upper, &layer.diff_id, is_new.then_some(&record))?;
        Ok(layer)
    }

    /// Record first, tree last: a tree in its place is whole and has a record.
    pub(super) fn publish_tree(
        &self,
        mut staging: Staging,
        tree: &Path,
        diff_id: &Digest,
        record: Option<&LayerRecord>,
    ) -> Result<(), StoreError> {
        if let Some(record) = record {
            let path = staging.path("record");
            record::write_volatile(&path, record)?;
            staging.add(path, self.layer_record_path(diff_id));
        }
        staging.add(tree.to_owned(), self.layout.layer(diff_id));
        staging.publish()
    }

    /// What is known of a layer.
    pub(crate) fn layer_record(&self, diff_id: &Digest) -> Result<LayerRecord, StoreError> {
        let record = record::read(&self.layer_record_path(diff_id))?;
        record.filter(|_| self.has_layer(diff_id)).ok_or_else(|| StoreError::NoLayer(diff_id.clone()))
    }

    /// The size of a layer's uncompressed archive, in bytes.
    ///
    /// # Errors
    /// Says that there is no such layer, or why its record could not be read.
    pub fn layer_size(&self, diff_id: &Digest) -> Result<u64, StoreError> {
        Ok(self.layer_record(diff_id)?.size)
    }

    /// Writes a layer's archive again from its tree, and checks that it is the same.
    ///
    /// # Errors
    /// Says that the layer is missing, or that its tree no longer gives its archive.
    pub(crate) fn write_archive(&self, diff_id: &Digest, sink: impl Write) -> Result<Layer, StoreError> {
        let path = self.layout.layer(diff_id);
        let written = layer::write(&path, sink);
        let layer = written.map_err(|source| StoreError::Commit { path, source })?;
        if layer.diff_id != *diff_id {
            return Err(StoreError::DigestMismatch { expected: diff_id.clone(), found: layer.diff_id });
        }
        Ok(layer)
    }

    pub(super) fn layer_record_path(&self, diff_id: &Digest) -> PathBuf {
        self.layout.layers().join(format!("{}.json", diff_id.hex()))
    }
}
