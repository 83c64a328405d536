//! Layers made ready to travel.

use super::{ManifestText, Staging, Store, StoreError, Whole};
use crate::image::Image;
use crate::image::layer::{Hasher, HashingWriter};
use crate::image::manifest::{Descriptor, Manifest, ManifestError, OCI_LAYER_GZIP};
use crate::state::{lock, record};
use engine_spec::Digest;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

/// Between the speed of level 1 and the size of level 6, which Docker takes.
const LEVEL: u32 = 4;

/// An image all of whose blobs are in the store.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The manifest to push.
    pub(crate) manifest: Manifest,
    /// Its bytes.
    pub(crate) text: Vec<u8>,
    /// The image, which stays for as long as this is held.
    pub(crate) image: Whole,
}

impl Store {
    /// The manifest to push, all of whose blobs are in the store when this returns.
    ///
    /// An image that was pulled keeps its manifest, byte for byte. One that was built gets a new one
    /// with its layers compressed, which from then on is its own.
    pub(crate) fn prepare_push(&self, image: &Image) -> Result<Prepared, StoreError> {
        let image = self.whole(image)?;
        let old = self.read_blob(&image.manifest)?;
        let mut manifest: Manifest = serde_json::from_slice(&old).map_err(ManifestError::Malformed)?;
        if manifest.layers.iter().all(|layer| self.has_blob(&layer.digest)) {
            return Ok(Prepared { manifest, text: old, image });
        }
        let layers = image.layers.iter().map(|diff_id| self.compressed_layer(diff_id));
        manifest.layers = layers.collect::<Result<_, _>>()?;
        let text = serde_json::to_vec(&manifest).map_err(ManifestError::Malformed)?;
        let configuration = self.read_blob(&image.id)?;
        let digest = Hasher::sha256(&text);
        self.publish_image(&configuration, &ManifestText { digest: digest.clone(), text: &text }, &[])?;
        if digest != image.manifest {
            let path = self.layout.blob(&image.manifest);
            fs::remove_file(&path).map_err(StoreError::io("remove", path))?;
        }
        Ok(Prepared { manifest, text, image })
    }

    fn compressed_layer(&self, diff_id: &Digest) -> Result<Descriptor, StoreError> {
        let mut record = self.layer_record(diff_id)?;
        if record.blob.as_ref().is_some_and(|blob| self.has_blob(&blob.digest)) {
            return self.layer_descriptor(diff_id);
        }
        let mut staging = Staging::new(&self.layout)?;
        let path = staging.path("blob");
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = io::BufWriter::new(file.map_err(StoreError::io("create", &path))?);
        let mut encoder = GzEncoder::new(HashingWriter::new(file), Compression::new(LEVEL));
        self.write_archive(diff_id, &mut encoder)?;
        let written = encoder.finish().and_then(HashingWriter::finish);
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
