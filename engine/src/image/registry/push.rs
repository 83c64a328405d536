//! Sending an image.
//!
//! ```text
//! each layer: blob in the store, else compress ──> send     several at a time
//! then the configuration, then the manifest: what a registry shows is whole
//! ```

use super::client::{Access, Client};
use super::error::RegistryError;
use super::upload::{Sent, Upload};
use super::{Progress, Registries};
use crate::image::layer::Hasher;
use crate::image::manifest::{Descriptor, Manifest};
use crate::image::store::Whole;
use crate::image::{Image, Store, StoreError};
use engine_spec::{Digest, ImageAction, ImageReference};
use std::collections::{BTreeMap, BTreeSet};
use std::task::Poll;
use tokio::sync::Semaphore;

/// Layers on the way at once, as Docker has it.
const PARALLEL: usize = 5;
/// Layers that are being compressed, each by all processors: one while the other is brought to disk.
const COMPRESSING: usize = 2;

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
/// Layers that were built here are compressed once, while others are sent, and their blobs kept.
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
    let send = async {
        let whole = whole(store, image).await?;
        let image = &*whole;
        let endpoint = registries.push_endpoint(reference.registry());
        let client = Client::connect(&endpoint, reference.repository(), Access::Push).await?;
        let elsewhere = elsewhere(store, image, reference)?;
        Sender { store, image, client: &client, elsewhere, progress }.send(tag).await
    };
    let digest = send.await.map_err(|failure: Failure| failure.of(reference))?;
    store.note(Some(&image.id), Some(reference), ImageAction::Push);
    Ok(digest)
}

/// The image as it leaves this machine; it stays for as long as this is held.
async fn whole(store: &Store, image: &Image) -> Result<Whole, Failure> {
    let image = image.clone();
    in_thread(store, move |store| store.whole(&image)).await
}

/// By layer: another repository of the same registry that may have it, as far as the store's names tell.
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
        let shared = other.layers.into_iter().filter(|diff_id| image.layers.contains(diff_id));
        found.extend(shared.map(|diff_id| (diff_id, name.repository().to_owned())));
    }
    Ok(found)
}

/// What sending an image needs.
struct Sender<'a> {
    store: &'a Store,
    image: &'a Image,
    client: &'a Client,
    elsewhere: BTreeMap<Digest, String>,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl Sender<'_> {
    /// Sends everything; returns the digest of the manifest.
    async fn send(&self, tag: &str) -> Result<Digest, Failure> {
        let image = self.image.clone();
        let known = self.ask_store(move |store| store.travelling_manifest(&image)).await?;
        let blobs = known.as_ref().map(|(manifest, _)| manifest.layers.as_slice()).unwrap_or_default();
        self.announce(blobs)?;
        let blobs = self.layers(blobs).await?;
        let (manifest, text) = match known {
            Some(known) => known,
            None => {
                let image = self.image.clone();
                self.ask_store(move |store| store.publish_compressed(&image, blobs)).await?
            }
        };
        self.config(&manifest).await?;
        self.client.put_manifest(tag, manifest.media_type(), &text).await?;
        Ok(Hasher::sha256(&text))
    }

    /// A layer that has no blob yet is announced with the size of its archive.
    fn announce(&self, blobs: &[Descriptor]) -> Result<(), StoreError> {
        let size = |(index, diff_id): (usize, &Digest)| {
            let size = blobs.get(index).map_or_else(|| self.store.layer_size(diff_id), |blob| Ok(blob.size));
            Ok((diff_id.clone(), size?))
        };
        let layers: Result<_, StoreError> = self.image.layers.iter().enumerate().map(size).collect();
        (self.progress)(Progress::Started { layers: layers? });
        Ok(())
    }

    /// Sends all layers, of which `blobs` may be known; the first failure ends the others. Returns their blobs.
    async fn layers(&self, blobs: &[Descriptor]) -> Result<Vec<Descriptor>, Failure> {
        let compressing = &Semaphore::new(COMPRESSING);
        let mut seen = BTreeSet::new();
        let once = self.image.layers.iter().enumerate().filter(|(_, diff_id)| seen.insert(*diff_id));
        let sendings = once.map(|(index, diff_id)| async move {
            let blob = match blobs.get(index) {
                Some(blob) => blob.clone(),
                None => self.compressed(diff_id, compressing).await?,
            };
            self.layer(diff_id, &blob).await?;
            Ok::<_, Failure>((diff_id, blob))
        });
        let sent: BTreeMap<_, _> = try_each(sendings.collect(), PARALLEL).await?.into_iter().collect();
        Ok(self.image.layers.iter().map(|diff_id| sent[diff_id].clone()).collect())
    }

    async fn compressed(&self, diff_id: &Digest, slots: &Semaphore) -> Result<Descriptor, Failure> {
        let _slot = slots.acquire().await.map_err(|_| Failure::Interrupted)?;
        let layer = diff_id.clone();
        let blob = self.ask_store(move |store| store.compressed_layer(&layer)).await?;
        (self.progress)(Progress::Sized { layer: diff_id.clone(), bytes: blob.size });
        Ok(blob)
    }

    async fn layer(&self, diff_id: &Digest, blob: &Descriptor) -> Result<(), RegistryError> {
        let elsewhere = self.elsewhere.get(diff_id).map(String::as_str);
        let report = |bytes| (self.progress)(Progress::Transferred { layer: diff_id.clone(), bytes });
        let sent = self.blob(blob, elsewhere, &report).await?;
        (self.progress)(Progress::Done { layer: diff_id.clone(), existed: sent == Sent::Existed });
        Ok(())
    }

    /// The configuration, which is no layer and is not reported on.
    async fn config(&self, manifest: &Manifest) -> Result<(), RegistryError> {
        self.blob(&manifest.config, None, &|_| {}).await.map(drop)
    }

    async fn blob(
        &self,
        blob: &Descriptor,
        elsewhere: Option<&str>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Sent, RegistryError> {
        let path = &self.store.layout().blob(&blob.digest);
        Upload { client: self.client, blob, path, elsewhere, progress }.send().await
    }

    /// Has the store do what takes a thread its time.
    async fn ask_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        in_thread(self.store, work).await
    }
}

async fn in_thread<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Failure> {
    let store = store.clone();
    let done = tokio::task::spawn_blocking(move || work(&store)).await;
    Ok(done.map_err(|_| Failure::Interrupted)??)
}

/// Drives futures, a few at a time in this task, until all are done or one has failed.
async fn try_each<T, E, F: Future<Output = Result<T, E>>>(
    futures: Vec<F>,
    at_a_time: usize,
) -> Result<Vec<T>, E> {
    let mut waiting = futures.into_iter().map(Box::pin);
    let mut moving: Vec<_> = waiting.by_ref().take(at_a_time).collect();
    let mut done = Vec::new();
    std::future::poll_fn(move |context| {
        let mut index = 0;
        while index < moving.len() {
            match moving[index].as_mut().poll(context) {
                Poll::Pending => index += 1,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(outcome)) => {
                    done.push(outcome);
                    // The next one takes the place, and is polled at once.
                    match waiting.next() {
                        Some(next) => moving[index] = next,
                        None => drop(moving.swap_remove(index)),
                    }
                }
            }
        }
        if moving.is_empty() { Poll::Ready(Ok(std::mem::take(&mut done))) } else { Poll::Pending }
    })
    .await
}

/// Why an image was not sent, before its name is put to it.
enum Failure {
    Registry(RegistryError),
    Store(StoreError),
    Interrupted,
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Failure {
    fn of(self, reference: &ImageReference) -> PushError {
        let reference = reference.clone();
        match self {
            Self::Registry(source) => PushError::Registry { reference, source: Box::new(source) },
            Self::Store(source) => PushError::Store { reference, source: Box::new(source) },
            Self::Interrupted => PushError::Interrupted(reference),
        }
    }
}
