//! Fetching an image.

use super::client::{Access, Client};
use super::error::{RegistryError, one_line};
use super::fetch::{self, LayerError};
use super::{Progress, Registries};
use crate::image::manifest::{self, Descriptor, Document, Manifest, ManifestError};
use crate::image::store::{ManifestText, Partial, Staging};
use crate::image::{Configuration, ConfigurationError, Image, Store, StoreError};
use engine_spec::{Digest, ImageAction, ImageReference, Platform};

/// An image could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The only place to ask did not give it.
    #[error("cannot pull {reference}")]
    Registry {
        /// Which image.
        reference: ImageReference,
        /// Why.
        #[source]
        source: Box<RegistryError>,
    },
    /// None of several places gave it.
    #[error("cannot pull {reference}, tried:\n{}", tried.iter().map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n"))]
    Nowhere {
        /// Which image.
        reference: ImageReference,
        /// What each said, mirrors first.
        tried: Vec<String>,
    },
    /// Its manifest does not lead to an image.
    #[error("cannot pull {reference}")]
    Manifest {
        /// Which image.
        reference: ImageReference,
        /// Why.
        #[source]
        source: Box<ManifestError>,
    },
    /// Its configuration is none.
    #[error("cannot pull {reference}")]
    Configuration {
        /// Which image.
        reference: ImageReference,
        /// Why.
        #[source]
        source: ConfigurationError,
    },
    /// The store refused it.
    #[error("cannot store {reference}")]
    Store {
        /// Which image.
        reference: ImageReference,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
    /// The program is ending.
    #[error("the pull of {0} was interrupted")]
    Interrupted(ImageReference),
}

/// Fetches an image and names it; what is in the store already is not fetched again.
///
/// # Errors
/// Names the image, the host that was asked, and what it or the network said.
pub async fn pull(
    store: &Store,
    reference: &ImageReference,
    platform: &Platform,
    registries: &Registries,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Image, PullError> {
    let failed = Failed { reference };
    let store = &store.clone().within(registries.limits());
    Staging::sweep(store.layout());
    Partial::sweep(store.layout());
    let found = find(reference, platform, registries).await?;
    let text =
        found.client.small_blob(&found.manifest.config).await.map_err(|error| failed.registry(error))?;
    let configuration = Configuration::from_json(&text)
        .map_err(|source| PullError::Configuration { reference: reference.clone(), source })?;
    warn_of_platform(reference, platform, &configuration.platform);
    let layers = pair_layers(&found.manifest, &configuration).map_err(|error| failed.manifest(error))?;
    let _lease =
        fetch::layers(store, &found.client, layers, progress).await.map_err(|error| failed.layer(error))?;
    let (store, name) = (store.clone(), reference.clone());
    let published = tokio::task::spawn_blocking(move || {
        let manifest = ManifestText { digest: found.digest, text: &found.text };
        let image = store.publish_image(&text, &manifest, std::slice::from_ref(&name))?;
        store.note(Some(&image.id), Some(&name), ImageAction::Pull);
        Ok(image)
    });
    let published = published.await.map_err(|_| PullError::Interrupted(reference.clone()))?;
    published.map_err(|source| failed.layer(LayerError::Store(source)))
}

/// The digest that a registry has for an image's tag now: of its index, where it has one.
///
/// # Errors
/// Names the image, the host that was asked, and what it or the network said.
pub async fn resolve(reference: &ImageReference, registries: &Registries) -> Result<Digest, PullError> {
    let name = reference.tag().unwrap_or("latest");
    let mut errors = Vec::new();
    for endpoint in registries.pull_endpoints(reference.registry()) {
        let answer = match Client::connect(&endpoint, reference.repository(), Access::Pull).await {
            Ok(client) => client.document(name).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok((text, _)) => return Ok(crate::image::layer::Hasher::sha256(&text)),
            Err(error) => errors.push(error),
        }
    }
    Err(nowhere(reference, errors))
}

/// The manifest for the wanted platform, and who had it.
struct Found {
    client: Client,
    digest: Digest,
    text: Vec<u8>,
    manifest: Manifest,
}

/// Asks one endpoint after the other.
async fn find(
    reference: &ImageReference,
    platform: &Platform,
    registries: &Registries,
) -> Result<Found, PullError> {
    let mut errors = Vec::new();
    for endpoint in registries.pull_endpoints(reference.registry()) {
        let client = Client::connect(&endpoint, reference.repository(), Access::Pull).await;
        match find_at(client, reference, platform).await {
            Ok(found) => return Ok(found),
            Err(error) => errors.push(error),
        }
    }
    Err(nowhere(reference, errors))
}

/// What is said when no endpoint has the image.
fn nowhere(reference: &ImageReference, mut errors: Vec<RegistryError>) -> PullError {
    let reference = reference.clone();
    if errors.len() == 1
        && let Some(source) = errors.pop()
    {
        return PullError::Registry { reference, source: Box::new(source) };
    }
    let tried = errors.iter().map(|error| one_line(error)).collect();
    PullError::Nowhere { reference, tried }
}

async fn find_at(
    client: Result<Client, RegistryError>,
    reference: &ImageReference,
    platform: &Platform,
) -> Result<Found, RegistryError> {
    let client = client?;
    let host = client.host().to_owned();
    let refuse = |source| RegistryError::Manifest { host: host.clone(), source };
    let name = reference.digest().map(Digest::as_str).or(reference.tag()).unwrap_or("latest");
    let (mut text, mut document) = client.document(name).await?;
    if let Document::Index(entries) = &document {
        let digest = manifest::choose(entries, platform).map_err(refuse)?.digest.clone();
        (text, document) = client.document(digest.as_str()).await?;
    }
    match document {
        Document::Manifest(manifest) => {
            let digest = crate::image::layer::Hasher::sha256(&text);
            Ok(Found { client, digest, text, manifest })
        }
        Document::Index(_) => Err(refuse(ManifestError::Nested)),
    }
}

/// An image that names no platforms is taken as it is; it may well be what the user wants.
fn warn_of_platform(reference: &ImageReference, wanted: &Platform, found: &Platform) {
    if !manifest::fits(found, wanted) {
        let (wanted, found) = (manifest::name(wanted), manifest::name(found));
        tracing::warn!(%reference, wanted, found, "the image is for another platform");
    }
}

/// Each layer's blob by its diff id, bottom first.
fn pair_layers(
    manifest: &Manifest,
    configuration: &Configuration,
) -> Result<Vec<(Descriptor, Digest)>, ManifestError> {
    let (blobs, diff_ids) = (&manifest.layers, &configuration.diff_ids);
    if blobs.len() != diff_ids.len() {
        return Err(ManifestError::LayerCount { manifest: blobs.len(), configuration: diff_ids.len() });
    }
    if let Some(foreign) = blobs.iter().find(|blob| manifest::is_foreign(&blob.media_type)) {
        return Err(ManifestError::Foreign(foreign.digest.clone()));
    }
    Ok(blobs.iter().cloned().zip(diff_ids.iter().cloned()).collect())
}

/// Puts the image's name to a failure.
struct Failed<'a> {
    reference: &'a ImageReference,
}

impl Failed<'_> {
    fn registry(&self, source: RegistryError) -> PullError {
        PullError::Registry { reference: self.reference.clone(), source: Box::new(source) }
    }

    fn manifest(&self, source: ManifestError) -> PullError {
        PullError::Manifest { reference: self.reference.clone(), source: Box::new(source) }
    }

    fn layer(&self, error: LayerError) -> PullError {
        match error {
            LayerError::Registry(source) => self.registry(source),
            LayerError::Store(source) => {
                PullError::Store { reference: self.reference.clone(), source: Box::new(source) }
            }
            LayerError::Interrupted => PullError::Interrupted(self.reference.clone()),
        }
    }
}
