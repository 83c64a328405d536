//! Sending an image.
//!
//! Layers first, then the configuration, the manifest last: what a registry shows is whole.

use super::client::{Access, Client};
use super::error::RegistryError;
use super::upload::{Sent, Upload};
use super::{Progress, Registries};
use crate::image::manifest::{Descriptor, Manifest};
use crate::image::{Image, Prepared, Store, StoreError};
use engine_spec::{Digest, ImageAction, ImageReference};
use std::collections::{BTreeMap, BTreeSet};
use std::task::Poll;

/// Layers on the way at once, as Docker has it.
const PARALLEL: usize = 5;

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
    let client = Client::connect(&endpoint, reference.repository(), Access::Push).await.map_err(refused)?;
    let Prepared { manifest, text, image } = prepare(store, image, reference).await?;
    let elsewhere = elsewhere(store, &image, reference).map_err(|error| unread(reference, error))?;
    let sizes = manifest.layers.iter().map(|layer| (layer.digest.clone(), layer.size));
    progress(Progress::Started { layers: sizes.collect() });
    let sender = Sender { store, client: &client, elsewhere, progress };
    sender.layers(&manifest).await.map_err(refused)?;
    sender.blob(&manifest.config, None).await.map_err(refused)?;
    client.put_manifest(tag, manifest.media_type(), &text).await.map_err(refused)?;
    store.note(Some(&image.id), Some(reference), ImageAction::Push);
    Ok(crate::image::layer::Hasher::sha256(&text))
}

/// Another repository of the same registry that has each layer, as far as the store's names tell.
fn elsewhere(
    store: &Store,
    image: &Image,
    reference: &ImageReference,
) -> Result<BTreeMap<Digest, String>, StoreError> {
    let mut found = BTreeMap::new();
    for (other, names) in store.list()? {
        let is_other = |name: &&ImageReference| {
            name.registry() == reference.registry() && name.repository() != reference.repository()
        };
        let Some(name) = names.iter().find(is_other) else { continue };
        for diff_id in other.layers.iter().filter(|diff_id| image.layers.contains(diff_id)) {
            if let Some(blob) = store.layer_record(diff_id)?.blob {
                found.insert(blob.digest, name.repository().to_owned());
            }
        }
    }
    Ok(found)
}

/// What sending blobs needs.
struct Sender<'a> {
    store: &'a Store,
    client: &'a Client,
    /// By blob: a repository that may have it.
    elsewhere: BTreeMap<Digest, String>,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl Sender<'_> {
    /// Several at a time; the first failure ends the others.
    async fn layers(&self, manifest: &Manifest) -> Result<(), RegistryError> {
        let mut seen = BTreeSet::new();
        let once = manifest.layers.iter().filter(|layer| seen.insert(&layer.digest));
        let sendings = once.map(|layer| async move {
            let sent = self.blob(layer, Some(&layer.digest)).await?;
            (self.progress)(Progress::Done { layer: layer.digest.clone(), existed: sent == Sent::Existed });
            Ok(())
        });
        try_each(sendings.collect(), PARALLEL).await
    }

    /// Sends a blob; one that is a layer is reported on.
    async fn blob(&self, blob: &Descriptor, layer: Option<&Digest>) -> Result<Sent, RegistryError> {
        let report = |bytes| {
            if let Some(layer) = layer {
                (self.progress)(Progress::Transferred { layer: layer.clone(), bytes });
            }
        };
        let upload = Upload {
            client: self.client,
            blob,
            path: &self.store.layout().blob(&blob.digest),
            elsewhere: self.elsewhere.get(&blob.digest).map(String::as_str),
            progress: &report,
        };
        upload.send().await
    }
}

/// Drives futures, a few at a time in this task, until all are done or one has failed.
async fn try_each<E, F: Future<Output = Result<(), E>>>(futures: Vec<F>, at_a_time: usize) -> Result<(), E> {
    let mut waiting = futures.into_iter().map(Box::pin);
    let mut moving: Vec<_> = waiting.by_ref().take(at_a_time).collect();
    std::future::poll_fn(move |context| {
        let mut index = 0;
        while index < moving.len() {
            match moving[index].as_mut().poll(context) {
                Poll::Pending => index += 1,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // The next one takes the place, and is polled at once.
                Poll::Ready(Ok(())) => match waiting.next() {
                    Some(next) => moving[index] = next,
                    None => drop(moving.swap_remove(index)),
                },
            }
        }
        if moving.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

/// Compresses what is not yet, which takes a thread its time.
async fn prepare(store: &Store, image: &Image, reference: &ImageReference) -> Result<Prepared, PushError> {
    let (store, image) = (store.clone(), image.clone());
    let prepared = tokio::task::spawn_blocking(move || store.prepare_push(&image)).await;
    let prepared = prepared.map_err(|_| PushError::Interrupted(reference.clone()))?;
    prepared.map_err(|error| unread(reference, error))
}

fn unread(reference: &ImageReference, error: StoreError) -> PushError {
    PushError::Store { reference: reference.clone(), source: Box::new(error) }
}
