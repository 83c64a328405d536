//! Layers: unpacked once, complete or not there, never changed.

use super::{BlobWriter, Staging, Store, StoreError};
use crate::image::Layer;
use crate::image::layer::{self, Hasher, UnpackError};
use crate::image::manifest::Descriptor;
use crate::state::record::{self, Record};
use engine_spec::Digest;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Read, Write};
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
        self.publish_tree(staging, upper, &layer, None)?;
        Ok(layer)
    }

    /// Unpacks a pulled blob and keeps it; both count only if digest, size and diff id are right.
    pub(crate) fn add_layer(
        &self,
        blob: impl Read + Send,
        descriptor: &Descriptor,
        diff_id: &Digest,
    ) -> Result<Layer, StoreError> {
        let mut staging = Staging::new(&self.layout)?;
        let writer = BlobWriter::create(&staging, &descriptor.digest, descriptor.size)?;
        let tree = self.stage_tree(&staging)?;
        let unpacked = layer::unpack(Tee { reader: blob, writer }, &tree, Hasher::of(diff_id));
        let (layer, tee) =
            unpacked.map_err(|source| StoreError::Unpack { diff_id: diff_id.clone(), source })?;
        let blob = tee.writer.finish()?;
        if layer.diff_id != *diff_id {
            let source = UnpackError::DiffIdMismatch { found: layer.diff_id };
            return Err(StoreError::Unpack { diff_id: diff_id.clone(), source });
        }
        staging.add(blob, self.layout.blob(&descriptor.digest));
        self.publish_tree(staging, &tree, &layer, Some(descriptor))?;
        Ok(layer)
    }

    /// Record first, tree last: a tree in its place is whole and has a record.
    fn publish_tree(
        &self,
        mut staging: Staging,
        tree: &Path,
        layer: &Layer,
        blob: Option<&Descriptor>,
    ) -> Result<(), StoreError> {
        if blob.is_some() || !self.has_layer(&layer.diff_id) {
            let record = LayerRecord { size: layer.size, blob: blob.cloned() };
            let path = staging.path("record");
            record::write_volatile(&path, &record)?;
            staging.add(path, self.layer_record_path(&layer.diff_id));
        }
        staging.add(tree.to_owned(), self.layout.layer(&layer.diff_id));
        staging.publish()
    }

    /// What is known of a layer.
    pub(crate) fn layer_record(&self, diff_id: &Digest) -> Result<LayerRecord, StoreError> {
        let record = record::read(&self.layer_record_path(diff_id))?;
        record.filter(|_| self.has_layer(diff_id)).ok_or_else(|| StoreError::NoLayer(diff_id.clone()))
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

/// Reads, and writes what was read.
struct Tee<R> {
    reader: R,
    writer: BlobWriter,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.writer.write_all(&buffer[..count])?;
        Ok(count)
    }
}
