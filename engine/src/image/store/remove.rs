//! Removing images, and the layers and blobs that nothing needs any more.
//!
//! What goes is removed from the name down to the leaves, so a crash leaves unused files, never an
//! image with a hole. A layer that a container's record or another image names always stays.

use super::staging::remove_tree;
use super::{Staging, Store, StoreError};
use crate::image::Image;
use crate::state::container::{self, ContainerRecord};
use crate::state::lock;
use engine_spec::{Digest, ImageAction, ImageReference};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a removal took away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// Names.
    pub untagged: Vec<ImageReference>,
    /// Image ids and layers.
    pub deleted: Vec<Digest>,
    /// The size of the layers' uncompressed archives, in bytes.
    pub bytes: u64,
}

impl Store {
    /// Removes a name, and with an image's last name the image.
    ///
    /// # Errors
    /// Says that there is no such name, which containers use the image (unless `force`), or what
    /// could not be removed.
    pub fn remove(&self, name: &ImageReference, force: bool) -> Result<Removed, StoreError> {
        let _lock = lock::images(&self.layout)?;
        let id = self.id_of(name)?.ok_or_else(|| StoreError::NoImage(name.to_string()))?;
        let is_last = self.names()?.values().filter(|other| **other == id).count() == 1;
        if is_last && !force {
            self.refuse_if_used(&id, &name.to_string())?;
        }
        self.remove_name(name)?;
        self.note(Some(&id), Some(name), ImageAction::Untag);
        let mut removed = Removed { untagged: vec![name.clone()], ..Removed::default() };
        if is_last {
            self.remove_record(&id, &mut removed)?;
        }
        Ok(removed)
    }

    /// Removes an image with all its names.
    ///
    /// # Errors
    /// Says which containers use the image (unless `force`), or what could not be removed.
    pub fn remove_image(&self, id: &Digest, force: bool) -> Result<Removed, StoreError> {
        let _lock = lock::images(&self.layout)?;
        if !force {
            self.refuse_if_used(id, id.short())?;
        }
        let mut removed = Removed::default();
        for (name, other) in self.names()? {
            if other == *id {
                self.remove_name(&name)?;
                self.note(Some(id), Some(&name), ImageAction::Untag);
                removed.untagged.push(name);
            }
        }
        self.remove_record(id, &mut removed)?;
        Ok(removed)
    }

    /// Removes an image that has lost its names, unless a container still uses it.
    ///
    /// # Errors
    /// Says what could not be removed.
    pub fn remove_dangling(&self, id: &Digest) -> Result<Removed, StoreError> {
        let _lock = lock::images(&self.layout)?;
        let is_named = self.names()?.values().any(|other| other == id);
        let is_used = self.container_records()?.iter().any(|record| record.spec.image_id == *id);
        let mut removed = Removed::default();
        if !is_named && !is_used {
            self.remove_record(id, &mut removed)?;
        }
        Ok(removed)
    }

    fn refuse_if_used(&self, id: &Digest, image: &str) -> Result<(), StoreError> {
        let records = self.container_records()?;
        let users = records.iter().filter(|record| record.needs_image(id));
        let containers: Vec<String> = users.map(|record| record.spec.name.to_string()).collect();
        if containers.is_empty() {
            return Ok(());
        }
        Err(StoreError::InUse { image: image.to_owned(), containers })
    }

    fn remove_record(&self, id: &Digest, removed: &mut Removed) -> Result<(), StoreError> {
        let Some(image) = self.image(id)? else { return Ok(()) };
        remove_file(&self.record_path(id))?;
        for blob in [&image.manifest, &image.id] {
            remove_file(&self.layout.blob(blob))?;
        }
        self.note(Some(id), None, ImageAction::Delete);
        removed.deleted.push(image.id.clone());
        let needed = self.needed_layers()?;
        for diff_id in image.layers.iter().filter(|diff_id| !needed.contains(*diff_id)) {
            removed.bytes += self.layer_size(diff_id).unwrap_or_default();
            self.remove_layer(diff_id)?;
            removed.deleted.push(diff_id.clone());
        }
        Ok(())
    }

    /// Removes those of `layers` that no image and no container stands on.
    pub(crate) fn remove_layers<'a>(
        &self,
        layers: impl Iterator<Item = &'a Digest>,
    ) -> Result<(), StoreError> {
        let _lock = lock::images(&self.layout)?;
        let needed = self.needed_layers()?;
        for diff_id in layers.filter(|diff_id| !needed.contains(*diff_id)) {
            self.remove_layer(diff_id)?;
        }
        Ok(())
    }

    /// The layers that images and containers stand on.
    pub(crate) fn needed_layers(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let images: Vec<(Image, _)> = self.list()?;
        let containers = self.container_records()?;
        let of_images = images.into_iter().flat_map(|(image, _)| image.layers);
        let of_containers = containers.iter().flat_map(ContainerRecord::needed_layers).cloned();
        let of_leases = self.leased()?;
        Ok(of_images.chain(of_containers).chain(of_leases).collect())
    }

    fn container_records(&self) -> Result<Vec<ContainerRecord>, StoreError> {
        let mut records = Vec::new();
        for id in container::ids(&self.layout).map_err(StoreError::Containers)? {
            records.extend(container::load(&self.layout, &id)?);
        }
        Ok(records)
    }

    /// The tree leaves its place by one rename, so that no half of it is ever seen.
    fn remove_layer(&self, diff_id: &Digest) -> Result<(), StoreError> {
        let staging = Staging::new(&self.layout)?;
        let (tree, doomed) = (self.layout.layer(diff_id), staging.path("tree"));
        let record = self.layer_record(diff_id).ok();
        match fs::rename(&tree, &doomed) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", tree)(error));
            }
            _ => remove_tree(&doomed).map_err(StoreError::io("remove", doomed))?,
        }
        remove_file(&self.layer_record_path(diff_id))?;
        let blobs = record
            .into_iter()
            .flat_map(|record| record.blob.into_iter().map(|blob| blob.digest).chain(record.others));
        blobs.into_iter().try_for_each(|digest| remove_file(&self.layout.blob(&digest)))
    }
}

fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", PathBuf::from(path))(error))
        }
        _ => Ok(()),
    }
}
