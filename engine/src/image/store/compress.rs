//! Layers made ready to travel.

use super::{ManifestText, Staging, Store, StoreError};
use crate::image::Image;
use crate::image::layer::{GzipWriter, Hasher, HashingWriter};
use crate::image::manifest::{Descriptor, Manifest, ManifestError, OCI_LAYER_GZIP};
use crate::state::{lock, record};
use engine_spec::Digest;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

impl Store {
    /// The manifest of an image that was pulled or pushed: all its blobs are here, so it travels as it is.
    ///
    /// None for an image that was built: its layers are to be compressed first, each by
    /// [`Self::compressed_layer`], and [`Self::publish_compressed`] then gives it its manifest.
    pub(crate) fn travelling_manifest(
        &self,
        image: &Image,
    ) -> Result<Option<(Manifest, Vec<u8>)>, StoreError> {
        let (manifest, text) = self.manifest_of(image)?;
        let is_here = manifest.layers.iter().all(|layer| self.has_blob(&layer.digest));
        Ok(is_here.then_some((manifest, text)))
    }

    /// Makes `layers`, bottom first, the blobs of an image's layers from now on; returns its new manifest.
    pub(crate) fn publish_compressed(
        &self,
        image: &Image,
        layers: Vec<Descriptor>,
    ) -> Result<(Manifest, Vec<u8>), StoreError> {
        let (mut manifest, _) = self.manifest_of(image)?;
        manifest.layers = layers;
        let text = serde_json::to_vec(&manifest).map_err(ManifestError::Malformed)?;
        let configuration = self.read_blob(&image.id)?;
        let digest = Hasher::sha256(&text);
        self.publish_image(&configuration, &ManifestText { digest: digest.clone(), text: &text }, &[])?;
        if digest != image.manifest {
            let path = self.layout.blob(&image.manifest);
            fs::remove_file(&path).map_err(StoreError::io("remove", path))?;
        }
        Ok((manifest, text))
    }

    fn manifest_of(&self, image: &Image) -> Result<(Manifest, Vec<u8>), StoreError> {
        let text = self.read_blob(&image.manifest)?;
        Ok((serde_json::from_slice(&text).map_err(ManifestError::Malformed)?, text))
    }

    /// The blob of a layer, which is made and kept where there is none.
    pub(crate) fn compressed_layer(&self, diff_id: &Digest) -> Result<Descriptor, StoreError> {
        let mut record = self.layer_record(diff_id)?;
        if record.blob.as_ref().is_some_and(|blob| self.has_blob(&blob.digest)) {
            return self.layer_descriptor(diff_id);
        }
        let mut staging = Staging::new(&self.layout)?;
        let path = staging.path("blob");
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = io::BufWriter::new(file.map_err(StoreError::io("create", &path))?);
        let mut gzip = GzipWriter::new(HashingWriter::new(file)).map_err(StoreError::io("write", &path))?;
        self.write_archive(diff_id, &mut gzip)?;
        let written = gzip.finish().and_then(HashingWriter::finish);
        let (digest, size) = written.map_err(StoreError::io("write", &path))?;
        let blob = Descriptor::new(OCI_LAYER_GZIP, digest, size);
        record.blob = Some(blob.clone());
        let record_path = staging.path("record");
        record::write_volatile(&record_path, &record)?;
        staging.add(path, self.layout.blob(&blob.digest));
        staging.add(record_path, self.layer_record_path(diff_id));
        let _lock = lock::images(&self.layout)?;
        staging.publish()?;
        Ok(blob)
    }
}
