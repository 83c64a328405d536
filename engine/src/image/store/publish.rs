//! New images: configuration, manifest, record, names, in this order.

use super::{Staging, Store, StoreError};
use crate::image::layer::Hasher;
use crate::image::manifest::{
    DOCKER_LAYER, Descriptor, Manifest, ManifestError, OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP,
};
use crate::image::{Configuration, Image};
use crate::state::{lock, record, sync_stage};
use engine_spec::{Digest, ImageReference};
use std::fs;
use std::io;
use std::path::PathBuf;

/// A manifest as bytes, since its digest is theirs.
pub(crate) struct ManifestText<'a> {
    /// Its digest.
    pub(crate) digest: Digest,
    /// Its bytes.
    pub(crate) text: &'a [u8],
}

impl Store {
    /// Makes an image of a configuration whose layers are all here, and names it.
    ///
    /// # Errors
    /// Names a layer that is missing, or says why the image could not be written.
    pub fn create_image(
        &self,
        configuration: &Configuration,
        names: &[ImageReference],
    ) -> Result<Image, StoreError> {
        let text = configuration
            .to_json()
            .map_err(|source| StoreError::Configuration { id: Hasher::sha256(b""), source })?;
        let id = Hasher::sha256(&text);
        let config = Descriptor::new(OCI_CONFIG, id, text.len() as u64);
        let layers = configuration.diff_ids.iter().map(|diff_id| self.layer_descriptor(diff_id));
        let manifest = Manifest::new(config, layers.collect::<Result<_, _>>()?);
        let manifest = serde_json::to_vec(&manifest).map_err(ManifestError::Malformed)?;
        let manifest = ManifestText { digest: Hasher::sha256(&manifest), text: &manifest };
        self.publish_image(&text, &manifest, names)
    }

    /// Writes an image whose layers are here.
    pub(crate) fn publish_image(
        &self,
        configuration: &[u8],
        manifest: &ManifestText<'_>,
        names: &[ImageReference],
    ) -> Result<Image, StoreError> {
        let image = self.describe(configuration, manifest.digest.clone())?;
        let _lock = lock::images(&self.layout)?;
        if let Some(missing) = image.layers.iter().find(|diff_id| !self.has_layer(diff_id)) {
            return Err(StoreError::NoLayer(missing.clone()));
        }
        if self.image(&image.id)?.as_ref() != Some(&image) {
            let mut staging = Staging::new(&self.layout)?;
            self.stage_blob(&mut staging, &image.id, configuration)?;
            self.stage_blob(&mut staging, &manifest.digest, manifest.text)?;
            let record = staging.path("record");
            record::write_volatile(&record, &image)?;
            staging.add(record, self.record_path(&image.id));
            staging.publish()?;
        }
        for name in names {
            self.write_name(&image.id, name)?;
        }
        sync_stage(self.layout.data())?;
        Ok(image)
    }

    fn describe(&self, text: &[u8], manifest: Digest) -> Result<Image, StoreError> {
        let id = Hasher::sha256(text);
        let configuration = Configuration::from_json(text)
            .map_err(|source| StoreError::Configuration { id: id.clone(), source })?;
        let mut size = 0;
        for (index, diff_id) in configuration.diff_ids.iter().enumerate() {
            let record = self.layer_record(diff_id)?;
            if record.below.is_some_and(|below| below != configuration.diff_ids[..index]) {
                return Err(StoreError::OtherBelow(diff_id.clone()));
            }
            size += record.size;
        }
        Ok(Image {
            id,
            manifest,
            layers: configuration.diff_ids,
            config: configuration.config,
            platform: configuration.platform,
            created: configuration.created,
            size,
        })
    }

    /// The blob of a layer as pulled or pushed, else the archive its tree gives.
    pub(crate) fn layer_descriptor(&self, diff_id: &Digest) -> Result<Descriptor, StoreError> {
        let record = self.layer_record(diff_id)?;
        let Some(mut blob) = record.blob else {
            return Ok(Descriptor::new(OCI_LAYER, diff_id.clone(), record.size));
        };
        // The same bytes, called as the manifest it goes into calls them.
        if blob.media_type == DOCKER_LAYER {
            OCI_LAYER_GZIP.clone_into(&mut blob.media_type);
        }
        Ok(blob)
    }

    /// The ids of all images.
    pub(super) fn ids(&self) -> Result<Vec<Digest>, StoreError> {
        let folder = self.records_path();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(StoreError::io("list", &folder))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.map_err(StoreError::io("list", &folder))?.file_name();
            ids.extend(name.to_str().and_then(|hex| format!("sha256:{hex}").parse().ok()));
        }
        Ok(ids)
    }

    fn records_path(&self) -> PathBuf {
        self.layout.images().join("ids")
    }

    pub(super) fn record_path(&self, id: &Digest) -> PathBuf {
        self.records_path().join(id.hex())
    }
}
