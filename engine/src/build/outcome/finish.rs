//! The finished image: labels, times, and its place in the store.

use super::draft::Draft;
use crate::build::error::BuildError;
use crate::build::kept::cache::Cache;
use crate::build::solve::Solver;
use crate::calendar::rfc3339;
use crate::image::layer::Hasher;
use crate::image::{Configuration, Image};
use crate::state::record::{self, Record};
use serde::{Deserialize, Serialize};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::time::SystemTime;

/// When an image of this content was first made here, so that making it again gives the same image.
#[derive(Debug, Serialize, Deserialize)]
struct ImageRecord {
    created: String,
}

impl Record for ImageRecord {
    const KIND: &'static str = "built image";
    const VERSION: u32 = 1;
}

impl Solver<'_> {
    /// Makes the image of `draft`, or finds that it is there under all its names.
    pub(in crate::build) fn finish(&self, draft: Draft) -> Result<Image, BuildError> {
        let mut configuration = draft.configuration;
        if self.spec.squash {
            self.squash(&mut configuration)?;
        }
        configuration.config.labels.extend(self.spec.labels.clone());
        configuration.created = None;
        let created = self.created(&configuration)?;
        for entry in &mut configuration.history {
            entry.created.get_or_insert_with(|| created.clone());
        }
        configuration.created = Some(created);
        if let Some(image) = self.existing(&configuration)? {
            return Ok(image);
        }
        Ok(self.shop.store.create_image(&configuration, &self.spec.tags)?)
    }

    /// When the image was first made, which is now if it is new.
    fn created(&self, configuration: &Configuration) -> Result<String, BuildError> {
        if let Some(epoch) = self.epoch {
            return Ok(rfc3339(epoch));
        }
        let text = json(configuration)?;
        let key = Cache::key(&configuration.platform, &configuration.diff_ids, &Hasher::sha256(&text));
        let folder = self.shop.layout.build().join("images");
        let path = folder.join(key.hex());
        if let Ok(Some(ImageRecord { created })) = record::read(&path) {
            return Ok(created);
        }
        let record = ImageRecord { created: rfc3339(SystemTime::now()) };
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|source| record::RecordError::Write {
            kind: ImageRecord::KIND,
            path: path.clone(),
            source,
        })?;
        record::write_volatile(&path, &record)?;
        Ok(record.created)
    }

    /// The image, if nothing of it is left to write.
    fn existing(&self, configuration: &Configuration) -> Result<Option<Image>, BuildError> {
        let id = Hasher::sha256(&json(configuration)?);
        for name in &self.spec.tags {
            if self.shop.store.find(name)?.is_none_or(|image| image.id != id) {
                return Ok(None);
            }
        }
        Ok(self.shop.store.image(&id)?)
    }
}

fn json(configuration: &Configuration) -> Result<Vec<u8>, BuildError> {
    configuration.to_json().map_err(BuildError::Configuration)
}
