//! Names of images: one symbolic link each, so that a hundred are listed in a fraction of a millisecond.
//!
//! The link's name is the canonical image name with `%` for `/`, its text the image id.

use super::{Store, StoreError};
use engine_spec::{Digest, ImageAction, ImageReference};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::SystemTime;

/// A file name's limit on every Linux file system (`NAME_MAX`).
const LONGEST: usize = 255;

impl Store {
    /// All names, each with the id of its image.
    ///
    /// # Errors
    /// Says why the folder of names could not be read.
    pub fn names(&self) -> Result<BTreeMap<ImageReference, Digest>, StoreError> {
        let folder = self.names_path();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            entries => entries.map_err(StoreError::io("list", &folder))?,
        };
        let mut names = BTreeMap::new();
        for entry in entries {
            let entry = entry.map_err(StoreError::io("list", &folder))?;
            let Some(name) = entry.file_name().to_str().and_then(unescape) else { continue };
            if let Some(id) = read_link(&entry.path())? {
                names.insert(name, id);
            }
        }
        Ok(names)
    }

    /// Gives an image one more name, taking it from the image that had it.
    ///
    /// # Errors
    /// Says that the image does not exist, or why the name could not be written.
    pub fn tag(&self, id: &Digest, name: &ImageReference) -> Result<(), StoreError> {
        let _lock = crate::state::lock::images(&self.layout)?;
        if self.image(id)?.is_none() {
            return Err(StoreError::NoImage(id.to_string()));
        }
        self.write_name(id, name)?;
        self.note(Some(id), Some(name), ImageAction::Tag);
        Ok(crate::state::sync_stage(self.layout.data())?)
    }

    /// When a name was last given to an image, by a pull, a build or a tag; docker's `LastTagTime`.
    ///
    /// It is the time of the name's link: every pull writes it anew, whether there was something new
    /// or not.
    ///
    /// # Errors
    /// Says why the name could not be looked at.
    pub fn tagged_at(&self, name: &ImageReference) -> Result<Option<SystemTime>, StoreError> {
        let path = match self.name_path(name) {
            Err(StoreError::NameTooLong(_)) => return Ok(None),
            path => path?,
        };
        match fs::symlink_metadata(&path).and_then(|metadata| metadata.modified()) {
            Ok(time) => Ok(Some(time)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", &path)(error)),
        }
    }

    /// The id behind a name.
    pub(super) fn id_of(&self, name: &ImageReference) -> Result<Option<Digest>, StoreError> {
        match self.name_path(name) {
            Ok(path) => read_link(&path),
            Err(StoreError::NameTooLong(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a name; the caller holds the lock.
    pub(super) fn write_name(&self, id: &Digest, name: &ImageReference) -> Result<(), StoreError> {
        let path = self.name_path(name)?;
        let folder = self.names_path();
        fs::create_dir_all(&folder).map_err(StoreError::io("create", &folder))?;
        // Under the lock there is one writer, so one temporary name is enough.
        let temporary = folder.with_extension("tmp");
        let _ = fs::remove_file(&temporary);
        symlink(id.as_str(), &temporary).map_err(StoreError::io("write", &temporary))?;
        fs::rename(&temporary, &path).map_err(StoreError::io("write", &path))
    }

    /// Removes a name; the caller holds the lock.
    pub(super) fn remove_name(&self, name: &ImageReference) -> Result<(), StoreError> {
        let path = self.name_path(name)?;
        fs::remove_file(&path).map_err(StoreError::io("remove", &path))
    }

    fn names_path(&self) -> PathBuf {
        self.layout.images().join("names")
    }

    fn name_path(&self, name: &ImageReference) -> Result<PathBuf, StoreError> {
        let escaped = name.canonical().replace('/', "%");
        if escaped.len() > LONGEST {
            return Err(StoreError::NameTooLong(name.clone()));
        }
        Ok(self.names_path().join(escaped))
    }
}

fn unescape(file_name: &str) -> Option<ImageReference> {
    ImageReference::parse(&file_name.replace('%', "/")).ok()
}

/// A link that vanished meanwhile, or is none of ours, names nothing.
fn read_link(path: &PathBuf) -> Result<Option<Digest>, StoreError> {
    match fs::read_link(path) {
        Ok(target) => Ok(target.to_str().and_then(|text| text.parse().ok())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => {
            Ok(None)
        }
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}
