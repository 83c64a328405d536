//! Images out of a docker-archive or an OCI layout.
//!
//! ```text
//! stream -> decompress -> tar -> staging folder ─┐
//! folder ────────────────────────────────────────┴> index.json or manifest.json -> images
//! ```

use super::folder::Folder;
use super::{
    DockerImage, INDEX_FILE, LAYOUT_FILE, MANIFEST_FILE, NAME_ANNOTATION, TAG_ANNOTATION, blob_path,
};
use crate::image::layer::{Hasher, UnpackError, unpack_alone};
use crate::image::manifest::{self, Descriptor, Document, Manifest, ManifestError, OCI_CONFIG, OCI_LAYER};
use crate::image::store::{Added, ManifestText, Staging};
use crate::image::{Configuration, ConfigurationError, Image, Lease, Store, StoreError};
use engine_spec::{Digest, ImageAction, ImageReference, Platform};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

/// An archive's images are not all in the store.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The outer archive is damaged or hostile.
    #[error("cannot unpack the archive")]
    Unpack(#[from] UnpackError),
    /// It is neither form.
    #[error(
        "there is no image in it: it has neither index.json nor manifest.json (`image import` reads the archive of a root file system)"
    )]
    NoImage,
    /// A file of it cannot be read.
    #[error("cannot read `{path}` of the archive")]
    Read {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that its lists name is not in it.
    #[error("`{0}` is missing from the archive")]
    Missing(String),
    /// One of its lists is malformed.
    #[error("`{path}` of the archive is malformed")]
    List {
        /// Which.
        path: &'static str,
        /// Where and how.
        #[source]
        source: serde_json::Error,
    },
    /// A document is not what its digest says.
    #[error("`{path}` of the archive has the digest {found}")]
    Digest {
        /// Which file.
        path: String,
        /// What it is.
        found: Digest,
    },
    /// A manifest cannot be used.
    #[error("cannot use a manifest of the archive")]
    Manifest(#[from] ManifestError),
    /// A configuration is none.
    #[error("cannot use a configuration of the archive")]
    Configuration(#[from] ConfigurationError),
    /// The store refused it.
    #[error("cannot store an image of the archive")]
    Store(#[from] StoreError),
    /// Nothing in it is for the platform.
    #[error("none of the archive's images is for {0}")]
    NoPlatform(String),
}

/// An image that was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Which.
    pub image: Image,
    /// The names that the archive has for it.
    pub names: Vec<ImageReference>,
}

/// Loads all images of an archive for a platform; without one, for this host, and then single images
/// for others too.
///
/// # Errors
/// Says what is wrong with the archive; images that were loaded before stay.
pub fn load(
    store: &Store,
    archive: impl Read + Send,
    platform: Option<&Platform>,
) -> Result<Vec<Loaded>, LoadError> {
    Staging::sweep(store.layout());
    let staging = Staging::new(store.layout())?;
    let files = store.stage_tree(&staging)?;
    unpack_alone(archive, &files, store.limits())?;
    load_folder(store, &files, platform)
}

/// The same of a folder.
///
/// # Errors
/// As [`load`].
pub fn load_folder(
    store: &Store,
    path: &Path,
    platform: Option<&Platform>,
) -> Result<Vec<Loaded>, LoadError> {
    let read = |source| LoadError::Read { path: path.display().to_string(), source };
    let loader = Loader { store, folder: Folder::open(path).map_err(read)?, platform, lease: store.lease()? };
    let loaded = loader.all()?;
    for Loaded { image, names } in &loaded {
        store.note(Some(&image.id), names.first(), ImageAction::Load);
    }
    Ok(loaded)
}

struct Loader<'a> {
    store: &'a Store,
    folder: Folder,
    platform: Option<&'a Platform>,
    /// Layers that were there already must not go before their image is.
    lease: Lease,
}

impl Loader<'_> {
    /// The index says more than docker's list, but leaves names out at times.
    fn all(&self) -> Result<Vec<Loaded>, LoadError> {
        let list: Option<Vec<DockerImage>> = match self.document(MANIFEST_FILE)? {
            Some(text) => Some(parse(MANIFEST_FILE, &text)?),
            None => None,
        };
        let is_layout = self.document(LAYOUT_FILE)?.is_some();
        match (self.document(INDEX_FILE)?.filter(|_| is_layout), list) {
            (Some(index), list) => self.layout(&index, &list.unwrap_or_default()),
            (None, Some(list)) => list.iter().map(|image| self.docker_image(image)).collect(),
            (None, None) => Err(LoadError::NoImage),
        }
    }

    fn layout(&self, index: &[u8], list: &[DockerImage]) -> Result<Vec<Loaded>, LoadError> {
        let Document::Index(entries) = Document::parse(index, None)? else { return Err(LoadError::NoImage) };
        let mut loaded: Vec<Loaded> = Vec::new();
        for entry in &entries {
            let Some((digest, text, manifest)) = self.manifest(entry)? else { continue };
            let image = self.image(&digest, &text, &manifest)?;
            let mut names = name_of(&entry.annotations).into_iter().collect::<Vec<_>>();
            let of_list = list.iter().filter(|listed| listed.config.ends_with(image.id.hex()));
            names.extend(
                of_list
                    .flat_map(|listed| listed.repo_tags.iter().flatten())
                    .filter_map(|tag| tag.parse().ok()),
            );
            self.named(&mut loaded, image, names)?;
        }
        let wanted = self.platform.map_or_else(|| manifest::name(&Platform::host()), manifest::name);
        if loaded.is_empty() { Err(LoadError::NoPlatform(wanted)) } else { Ok(loaded) }
    }

    /// The manifest that an entry of the index leads to for the platform; none for attestations.
    fn manifest(&self, entry: &Descriptor) -> Result<Option<(Digest, Vec<u8>, Manifest)>, LoadError> {
        let host = Platform::host();
        let is_meant = |found: &Platform| {
            found.os != "unknown" && self.platform.is_none_or(|wanted| manifest::fits(found, wanted))
        };
        if entry.platform.as_ref().is_some_and(|found| !is_meant(found)) {
            return Ok(None);
        }
        let mut digest = entry.digest.clone();
        let mut text = self.blob(&digest)?;
        let mut document = Document::parse(&text, Some(&entry.media_type))?;
        if let Document::Index(entries) = &document {
            let chosen = manifest::choose(entries, self.platform.unwrap_or(&host))?;
            digest = chosen.digest.clone();
            text = self.blob(&digest)?;
            document = Document::parse(&text, Some(&chosen.media_type))?;
        }
        match document {
            Document::Manifest(manifest) => Ok(Some((digest, text, manifest))),
            Document::Index(_) => Err(ManifestError::Nested.into()),
        }
    }

    fn image(&self, digest: &Digest, text: &[u8], manifest: &Manifest) -> Result<Image, LoadError> {
        let config = self.blob(&manifest.config.digest)?;
        let diff_ids = Configuration::from_json(&config)?.diff_ids;
        check_count(manifest.layers.len(), diff_ids.len())?;
        for (index, blob) in manifest.layers.iter().enumerate() {
            if manifest::is_foreign(&blob.media_type) {
                return Err(ManifestError::Foreign(blob.digest.clone()).into());
            }
            let path = blob_path(&blob.digest);
            self.layer(&path, blob, &diff_ids[..=index])?;
        }
        let manifest = ManifestText { digest: digest.clone(), text };
        Ok(self.store.publish_image(&config, &manifest, &[])?)
    }

    fn docker_image(&self, listed: &DockerImage) -> Result<Loaded, LoadError> {
        let config =
            self.document(&listed.config)?.ok_or_else(|| LoadError::Missing(listed.config.clone()))?;
        let diff_ids = Configuration::from_json(&config)?.diff_ids;
        let paths = listed.layers.as_deref().unwrap_or_default();
        check_count(paths.len(), diff_ids.len())?;
        let mut blobs = Vec::new();
        for (index, path) in paths.iter().enumerate() {
            let (file, size) = self.open(path)?;
            let digest = digest_of(file).map_err(|source| LoadError::Read { path: path.clone(), source })?;
            let blob = Descriptor::new(OCI_LAYER, digest, size);
            self.layer(path, &blob, &diff_ids[..=index])?;
            blobs.push(blob);
        }
        let id = Hasher::sha256(&config);
        let manifest = Manifest::new(Descriptor::new(OCI_CONFIG, id, config.len() as u64), blobs);
        let text = serde_json::to_vec(&manifest).map_err(ManifestError::Malformed)?;
        let image = self.store.publish_image(
            &config,
            &ManifestText { digest: Hasher::sha256(&text), text: &text },
            &[],
        )?;
        let names = listed.repo_tags.iter().flatten().filter_map(|tag| tag.parse().ok()).collect();
        let mut loaded = Vec::new();
        self.named(&mut loaded, image, names)?;
        loaded.pop().ok_or(LoadError::NoImage)
    }

    /// Gives an image its names; one image that comes under several is reported once.
    fn named(
        &self,
        loaded: &mut Vec<Loaded>,
        image: Image,
        names: Vec<ImageReference>,
    ) -> Result<(), LoadError> {
        let known = loaded.iter_mut().position(|known| known.image.id == image.id);
        let index = known.unwrap_or_else(|| {
            loaded.push(Loaded { image: image.clone(), names: Vec::new() });
            loaded.len() - 1
        });
        for name in names {
            if !loaded[index].names.contains(&name) {
                self.store.tag(&image.id, &name)?;
                loaded[index].names.push(name);
            }
        }
        Ok(())
    }

    /// The layer that is last of `diff_ids`.
    fn layer(&self, path: &str, blob: &Descriptor, diff_ids: &[Digest]) -> Result<(), LoadError> {
        let Some((diff_id, below)) = diff_ids.split_last() else { return Ok(()) };
        self.lease.hold([diff_id])?;
        if self.store.has_layer(diff_id) && self.store.has_blob(&blob.digest) {
            return Ok(());
        }
        let (file, _) = self.open(path)?;
        match self.store.add_layer(file, blob, diff_id)? {
            Added::Done => Ok(()),
            Added::Waiting(waiting) => Ok(self.store.complete_layer(waiting, below)?),
        }
    }

    fn open(&self, path: &str) -> Result<(File, u64), LoadError> {
        self.folder.file(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => LoadError::Missing(path.to_owned()),
            _ => LoadError::Read { path: path.to_owned(), source },
        })
    }

    fn document(&self, path: &str) -> Result<Option<Vec<u8>>, LoadError> {
        self.folder.document(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })
    }

    /// A document by its digest.
    fn blob(&self, digest: &Digest) -> Result<Vec<u8>, LoadError> {
        let path = blob_path(digest);
        let text = self.document(&path)?.ok_or_else(|| LoadError::Missing(path.clone()))?;
        let found = Hasher::digest_like(digest, &text);
        if found == *digest { Ok(text) } else { Err(LoadError::Digest { path, found }) }
    }
}

fn parse<T: serde::de::DeserializeOwned>(path: &'static str, text: &[u8]) -> Result<T, LoadError> {
    serde_json::from_slice(text).map_err(|source| LoadError::List { path, source })
}

fn check_count(manifest: usize, configuration: usize) -> Result<(), ManifestError> {
    if manifest == configuration {
        Ok(())
    } else {
        Err(ManifestError::LayerCount { manifest, configuration })
    }
}

/// The full name of an entry; a tag alone names nothing.
fn name_of(annotations: &BTreeMap<String, Value>) -> Option<ImageReference> {
    let text = |key: &str| annotations.get(key).and_then(Value::as_str);
    let full = text(TAG_ANNOTATION).filter(|name| name.contains([':', '/']));
    ImageReference::parse(text(NAME_ANNOTATION).or(full)?).ok()
}

fn digest_of(mut file: File) -> io::Result<Digest> {
    file.rewind()?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            count => hasher.update(&buffer[..count]),
        }
    }
}
