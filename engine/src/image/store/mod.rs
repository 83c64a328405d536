//! The content store: images by name, their records, their unpacked layers, their blobs.
//!
//! ```text
//! images/names/<escaped name>   a symbolic link whose text is the image id
//! images/ids/<hex>              the image's record: all that finding it takes
//! layers/<hex>/                 an unpacked layer by its diff id, complete and never changed
//! layers/<hex>.json             its size, and the blob it came from
//! content/<algo>/<hex>          configurations, manifests, layers as pulled or pushed
//! ```
//! An image is written from the leaves up and its name last, so what has a name is whole. What
//! exists changes only under [`crate::state::lock::images`]; reading takes no lock.

mod arrival;
mod blob;
mod claim;
mod compress;
mod layers;
mod lease;
mod name;
mod partial;
mod publish;
mod remove;
mod staging;
mod verify;
mod whole;

pub(crate) use arrival::{Added, Waiting};
pub(crate) use blob::BlobWriter;
pub(crate) use claim::Claim;
pub use lease::Lease;
pub(crate) use partial::Partial;
pub(crate) use publish::ManifestText;
pub use remove::Removed;
pub(crate) use staging::Staging;
pub use verify::{Damage, Flaw};
pub(crate) use whole::Whole;

use super::config::{Configuration, ConfigurationError};
use super::layer::{CommitError, Limits, UnpackError};
use super::{Image, ManifestError};
use crate::state::container::ResolveError;
use crate::state::lock::LockError;
use crate::state::record::{self, RecordError};
use crate::state::{Layout, events};
use engine_spec::{Digest, EventObject, ImageAction, ImageReference};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// The store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder of the store could not be used.
    #[error("cannot {operation} {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A record could not be read or written.
    #[error("cannot use an image record")]
    Record(#[from] RecordError),
    /// The store could not be locked.
    #[error("cannot lock the image store")]
    Lock(#[from] LockError),
    /// Containers could not be listed, so nobody knows which layers they use.
    #[error("cannot find out which images containers use")]
    Containers(#[source] ResolveError),
    /// A blob is not what its digest says.
    #[error("blob {expected} is damaged: its content has the digest {found}")]
    DigestMismatch {
        /// What it should be.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// A blob is not as long as its descriptor says.
    #[error("blob {digest} has {found} bytes, {expected} were announced")]
    SizeMismatch {
        /// Which.
        digest: Digest,
        /// What it should have.
        expected: u64,
        /// What it has.
        found: u64,
    },
    /// An image's configuration cannot be read.
    #[error("cannot use the configuration of image {id}")]
    Configuration {
        /// Which image.
        id: Digest,
        /// Why.
        #[source]
        source: ConfigurationError,
    },
    /// An image's manifest cannot be used.
    #[error("cannot use the manifest of an image")]
    Manifest(#[from] ManifestError),
    /// A layer could not be unpacked.
    #[error("cannot unpack layer {diff_id}")]
    Unpack {
        /// Which.
        diff_id: Digest,
        /// Why.
        #[source]
        source: UnpackError,
    },
    /// A tree could not be made a layer.
    #[error("cannot make a layer of {path}")]
    Commit {
        /// The tree.
        path: PathBuf,
        /// Why.
        #[source]
        source: CommitError,
    },
    /// A layer that an image needs is not there.
    #[error("layer {0} is missing from the store")]
    NoLayer(Digest),
    /// A layer with hard links into other layers than those it is to lie on now.
    #[error(
        "layer {0} is here with hard links into other layers than this image has below it: remove the image that has it first"
    )]
    OtherBelow(Digest),
    /// No image has this name or id.
    #[error("there is no image `{0}`")]
    NoImage(String),
    /// Several images have ids that start so.
    #[error("`{0}` is the start of several image ids")]
    AmbiguousId(String),
    /// A name that has no place in a folder.
    #[error("the image name `{0}` is too long")]
    NameTooLong(ImageReference),
    /// Containers were made of the image.
    #[error("image {image} is used by {}", containers.join(", "))]
    InUse {
        /// Which image.
        image: String,
        /// The containers' names.
        containers: Vec<String>,
    },
}

impl StoreError {
    /// Says what was tried with which file.
    pub(crate) fn io(operation: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { operation, path, source }
    }
}

/// The images of one installation.
#[derive(Debug, Clone)]
pub struct Store {
    layout: Layout,
    limits: Limits,
}

impl Store {
    /// Tells who listens to events.
    pub(crate) fn note(&self, id: Option<&Digest>, name: Option<&ImageReference>, action: ImageAction) {
        let object = EventObject::Image { id: id.cloned(), name: name.cloned(), action };
        events::note(&self.layout, object);
    }

    /// The store of an installation; touches nothing yet.
    #[must_use]
    pub fn open(layout: &Layout) -> Self {
        Self { layout: layout.clone(), limits: Limits::default() }
    }

    /// The same, taking layers within other limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// What archives may unpack to.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// The installation it belongs to.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Finds an image by name; a name with a digest also finds a manifest of that digest.
    ///
    /// # Errors
    /// Says which record could not be read.
    pub fn find(&self, reference: &ImageReference) -> Result<Option<Image>, StoreError> {
        if let Some(id) = self.id_of(reference)? {
            return self.image(&id);
        }
        let Some(digest) = reference.digest() else { return Ok(None) };
        for (name, id) in self.names()? {
            if name.repository() == reference.repository() && name.registry() == reference.registry() {
                let found = self.image(&id)?.filter(|image| image.manifest == *digest);
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    /// Finds an image by its id.
    ///
    /// # Errors
    /// Says why the record could not be read.
    pub fn image(&self, id: &Digest) -> Result<Option<Image>, StoreError> {
        Ok(record::read(&self.record_path(id))?)
    }

    /// Finds an image by what a person types: a name, an id or the start of one.
    ///
    /// # Errors
    /// Says which record could not be read, or that the start fits several ids.
    pub fn resolve(&self, text: &str) -> Result<Option<Image>, StoreError> {
        if let Ok(reference) = ImageReference::parse(text)
            && let Some(image) = self.find(&reference)?
        {
            return Ok(Some(image));
        }
        let start = text.strip_prefix("sha256:").unwrap_or(text);
        if start.is_empty() || !start.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let ids = self.ids()?;
        let mut fitting = ids.iter().filter(|id| id.hex().starts_with(start));
        match (fitting.next(), fitting.next()) {
            (Some(_), Some(_)) => Err(StoreError::AmbiguousId(text.to_owned())),
            (Some(id), None) => self.image(id),
            (None, _) => Ok(None),
        }
    }

    /// All images, each with its names.
    ///
    /// # Errors
    /// Says which record could not be read.
    pub fn list(&self) -> Result<Vec<(Image, Vec<ImageReference>)>, StoreError> {
        let mut names: BTreeMap<Digest, Vec<ImageReference>> = BTreeMap::new();
        for (name, id) in self.names()? {
            names.entry(id).or_default().push(name);
        }
        let mut images = Vec::new();
        for id in self.ids()? {
            if let Some(image) = self.image(&id)? {
                images.push((image, names.remove(&id).unwrap_or_default()));
            }
        }
        Ok(images)
    }

    /// The folders of an image's layers, topmost first, as overlayfs wants them.
    #[must_use]
    pub fn layer_paths(&self, image: &Image) -> Vec<PathBuf> {
        image.layers.iter().rev().map(|diff_id| self.layout.layer(diff_id)).collect()
    }

    /// An image's configuration, to build on.
    ///
    /// # Errors
    /// Says why the blob could not be read.
    pub fn configuration(&self, image: &Image) -> Result<Configuration, StoreError> {
        let text = self.read_blob(&image.id)?;
        Configuration::from_json(&text)
            .map_err(|source| StoreError::Configuration { id: image.id.clone(), source })
    }
}

#[cfg(test)]
mod tests;
