//! Layers that arrive as blobs: unpacked while they come, in the store once everything about them is right.

use super::layers::LayerRecord;
use super::{BlobWriter, Partial, Staging, Store, StoreError};
use crate::image::Layer;
use crate::image::layer::{self, Borrowed, Hasher, UnpackError, Unpacked};
use crate::image::manifest::Descriptor;
use crate::state::record;
use engine_spec::Digest;
use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;

/// A layer that was unpacked.
#[derive(Debug)]
pub(crate) enum Added {
    /// It is in the store.
    Done,
    /// It has links to the layers below and waits for them: [`Store::complete_layer`].
    Waiting(Box<Waiting>),
}

/// An unpacked layer that needs the layers below to become whole.
#[derive(Debug)]
pub(crate) struct Waiting {
    staging: Staging,
    tree: PathBuf,
    layer: Layer,
    blob: Descriptor,
    borrowed: Vec<Borrowed>,
}

impl Store {
    /// Unpacks a layer's blob and keeps it; both count only if digest, size and diff id are right.
    pub(crate) fn add_layer(
        &self,
        blob: impl Read + Send,
        descriptor: &Descriptor,
        diff_id: &Digest,
    ) -> Result<Added, StoreError> {
        let staging = Staging::new(&self.layout)?;
        let writer = BlobWriter::create(&staging, &descriptor.digest, descriptor.size)?;
        let mut tee = Tee { reader: blob, writer, has_ended: false };
        let unpacked = self.unpack_layer(&staging, &mut tee, diff_id);
        self.stage_layer(staging, tee.writer, unpacked?, (descriptor, diff_id))
    }

    /// The same with a blob that is being fetched: what `partial` has of it, then `rest`.
    ///
    /// If `rest` ends too early, what has come is kept for another try.
    pub(crate) fn add_fetched_layer(
        &self,
        partial: Partial,
        rest: impl Read + Send,
        descriptor: &Descriptor,
        diff_id: &Digest,
    ) -> Result<Added, StoreError> {
        let staging = Staging::new(&self.layout)?;
        let (kept, writer) = partial.go_on(descriptor)?;
        let mut tee = Tee { reader: kept.chain(rest), writer, has_ended: false };
        let unpacked = self.unpack_layer(&staging, &mut tee, diff_id);
        let is_cut_off = tee.has_ended && tee.writer.is_short();
        let stage = |unpacked| self.stage_layer(staging, tee.writer, unpacked, (descriptor, diff_id));
        let added = unpacked.and_then(stage);
        if added.is_err() && !is_cut_off {
            partial.discard();
        }
        added
    }

    fn unpack_layer<R: Read + Send>(
        &self,
        staging: &Staging,
        blob: &mut Tee<R>,
        diff_id: &Digest,
    ) -> Result<(PathBuf, Unpacked), StoreError> {
        let refuse = |source| StoreError::Unpack { diff_id: diff_id.clone(), source };
        let tree = self.stage_tree(staging)?;
        let (unpacked, _) = layer::unpack(blob, &tree, Hasher::of(diff_id), self.limits).map_err(refuse)?;
        Ok((tree, unpacked))
    }

    /// Publishes what was unpacked, if its blob and its diff id are right.
    fn stage_layer(
        &self,
        mut staging: Staging,
        blob: BlobWriter,
        (tree, unpacked): (PathBuf, Unpacked),
        (descriptor, diff_id): (&Descriptor, &Digest),
    ) -> Result<Added, StoreError> {
        let written = blob.finish()?;
        let Unpacked { layer, borrowed, .. } = unpacked;
        if layer.diff_id != *diff_id {
            let source = UnpackError::DiffIdMismatch { found: layer.diff_id };
            return Err(StoreError::Unpack { diff_id: diff_id.clone(), source });
        }
        // What was partial no longer is, and nobody goes on with it.
        let path = staging.path(descriptor.digest.hex());
        fs::rename(&written, &path).map_err(StoreError::io("rename", written))?;
        staging.add(path, self.layout.blob(&descriptor.digest));
        if borrowed.is_empty() {
            let record = self.record_with(&layer, descriptor, None)?;
            self.publish_tree(staging, &tree, diff_id, Some(&record))?;
            return Ok(Added::Done);
        }
        let blob = descriptor.clone();
        Ok(Added::Waiting(Box::new(Waiting { staging, tree, layer, blob, borrowed })))
    }

    /// Makes a layer's links into the layers `below`, bottom first, and puts it into the store.
    pub(crate) fn complete_layer(&self, waiting: Box<Waiting>, below: &[Digest]) -> Result<(), StoreError> {
        let Waiting { staging, tree, layer, blob, borrowed } = *waiting;
        let paths: Vec<PathBuf> = below.iter().rev().map(|diff_id| self.layout.layer(diff_id)).collect();
        layer::lend(&tree, &paths, &borrowed)
            .map_err(|source| StoreError::Unpack { diff_id: layer.diff_id.clone(), source: source.into() })?;
        let record = self.record_with(&layer, &blob, Some(below.to_owned()))?;
        self.publish_tree(staging, &tree, &layer.diff_id, Some(&record))
    }

    /// The record of a layer that came as `blob`, and maybe as another one before.
    fn record_with(
        &self,
        layer: &Layer,
        blob: &Descriptor,
        below: Option<Vec<Digest>>,
    ) -> Result<LayerRecord, StoreError> {
        let known: Option<LayerRecord> = record::read(&self.layer_record_path(&layer.diff_id))?;
        let mut others = known.as_ref().map(|known| known.others.clone()).unwrap_or_default();
        let first = known.and_then(|known| known.blob).filter(|first| self.has_blob(&first.digest));
        let first = first.unwrap_or_else(|| blob.clone());
        if first.digest != blob.digest && !others.contains(&blob.digest) {
            others.push(blob.digest.clone());
        }
        Ok(LayerRecord { size: layer.size, blob: Some(first), others, below })
    }
}

/// Reads, and writes what was read.
struct Tee<R> {
    reader: R,
    writer: BlobWriter,
    has_ended: bool,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.has_ended |= count == 0 && !buffer.is_empty();
        self.writer.write_all(&buffer[..count])?;
        Ok(count)
    }
}
