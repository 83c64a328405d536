//! Sending an image.
//!
//! Layers first, then the configuration, the manifest last: what a registry shows is whole.

use super::client::{Access, Client};
use super::error::RegistryError;
use super::{Progress, Registries};
use crate::image::manifest::{Descriptor, Manifest};
use crate::image::{Image, Store, StoreError};
use engine_spec::{Digest, ImageAction, ImageReference};

/// How often a blob is sent whose sending breaks off.
const UPLOADS: u32 = 3;

/// An image could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The registry did not take it.
    #[error("cannot push {reference}")]
    Registry {
        /// Which image.
        reference: ImageReference,
        /// Why.
        #[source]
        source: Box<RegistryError>,
    },
    /// The store could not give it.
    #[error("cannot read {reference} from the store")]
    Store {
        /// Which image.
        reference: ImageReference,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
    /// A name that only a pull can use.
    #[error("cannot push {0}: its name has a digest, a push needs a tag")]
    NoTag(ImageReference),
    /// The program is ending.
    #[error("the push of {0} was interrupted")]
    Interrupted(ImageReference),
}

/// Sends an image under a name; returns the digest of the manifest that was pushed.
///
/// Layers that were built here are compressed once, and their blobs kept.
///
/// # Errors
/// Names the image, the host, and what it or the network said.
pub async fn push(
    store: &Store,
    image: &Image,
    reference: &ImageReference,
    registries: &Registries,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Digest, PushError> {
    let Some(tag) = reference.tag() else { return Err(PushError::NoTag(reference.clone())) };
    let refused = |error| PushError::Registry { reference: reference.clone(), source: Box::new(error) };
    let endpoint = registries.push_endpoint(reference.registry());
    let client = Client::new(endpoint, reference, Access::Push).map_err(refused)?;
    let (manifest, text) = prepare(store, image, reference).await?;
    let sizes = manifest.layers.iter().map(|layer| (layer.digest.clone(), layer.size));
    progress(Progress::Started { layers: sizes.collect() });
    for layer in &manifest.layers {
        let existed = send_blob(store, &client, layer).await.map_err(refused)?;
        progress(Progress::Transferred { layer: layer.digest.clone(), bytes: layer.size });
        progress(Progress::Done { layer: layer.digest.clone(), existed });
    }
    send_blob(store, &client, &manifest.config).await.map_err(refused)?;
    client.put_manifest(tag, manifest.media_type(), &text).await.map_err(refused)?;
    store.note(Some(&image.id), Some(reference), ImageAction::Push);
    Ok(crate::image::layer::Hasher::sha256(&text))
}

/// Compresses what is not yet, which takes a thread its time.
async fn prepare(
    store: &Store,
    image: &Image,
    reference: &ImageReference,
) -> Result<(Manifest, Vec<u8>), PushError> {
    let (store, image) = (store.clone(), image.clone());
    let prepared = tokio::task::spawn_blocking(move || store.prepare_push(&image)).await;
    let prepared = prepared.map_err(|_| PushError::Interrupted(reference.clone()))?;
    prepared.map_err(|error| PushError::Store { reference: reference.clone(), source: Box::new(error) })
}

/// Sends a blob unless the registry has it, again from its start if it broke off; whether it had.
async fn send_blob(store: &Store, client: &Client, blob: &Descriptor) -> Result<bool, RegistryError> {
    if client.has_blob(&blob.digest).await? {
        return Ok(true);
    }
    let mut tries = 1;
    loop {
        match upload(store, client, blob).await {
            Err(error) if error.is_transient() && tries < UPLOADS => tries += 1,
            sent => return sent.map(|()| false),
        }
    }
}

async fn upload(store: &Store, client: &Client, blob: &Descriptor) -> Result<(), RegistryError> {
    let place = client.start_upload().await?;
    let file = tokio::fs::File::open(store.layout().blob(&blob.digest)).await.map_err(RegistryError::Blob)?;
    client.finish_upload(place, &blob.digest, file.into(), blob.size).await
}
