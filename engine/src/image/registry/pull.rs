//! Fetching an image.

use super::client::{Access, Client};
use super::error::{RegistryError, one_line};
use super::{Progress, Registries};
use crate::image::manifest::{self, Descriptor, Document, Manifest, ManifestError};
use crate::image::store::{ManifestText, Staging};
use crate::image::{Configuration, ConfigurationError, Image, Store, StoreError};
use engine_spec::{Digest, ImageAction, ImageReference, Platform};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// Layers under way at once, as Docker has it.
const PARALLEL: usize = 3;
/// Chunks between the network and the unpacking thread; a slow disk slows the network down.
const CHUNKS: usize = 64;
/// How often a broken transfer goes on from where it stopped.
const RESUMES: u32 = 5;

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

/// Why a layer is not there.
enum LayerError {
    Registry(RegistryError),
    Store(StoreError),
    Interrupted,
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
    Staging::sweep(store.layout());
    let found = find(reference, platform, registries).await?;
    let text =
        found.client.small_blob(&found.manifest.config).await.map_err(|error| failed.registry(error))?;
    let configuration = Configuration::from_json(&text)
        .map_err(|source| PullError::Configuration { reference: reference.clone(), source })?;
    warn_of_platform(reference, platform, &configuration.platform);
    let layers = pair_layers(&found.manifest, &configuration).map_err(|error| failed.manifest(error))?;
    fetch_layers(store, &found.client, layers, progress).await.map_err(|error| failed.layer(error))?;
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
        let answer = match Client::new(endpoint, reference, Access::Pull) {
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
        match find_at(Client::new(endpoint, reference, Access::Pull), reference, platform).await {
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

/// Each layer's blob by its diff id; a layer that comes twice is fetched once.
fn pair_layers(
    manifest: &Manifest,
    configuration: &Configuration,
) -> Result<Vec<(Descriptor, Digest)>, ManifestError> {
    let (blobs, diff_ids) = (&manifest.layers, &configuration.diff_ids);
    if blobs.len() != diff_ids.len() {
        return Err(ManifestError::LayerCount { manifest: blobs.len(), configuration: diff_ids.len() });
    }
    let mut seen = BTreeMap::new();
    let pairs = blobs.iter().cloned().zip(diff_ids.iter().cloned());
    Ok(pairs.filter(|(_, diff_id)| seen.insert(diff_id.clone(), ()).is_none()).collect())
}

/// All layers at once, a few of them moving; the first failure ends the others.
async fn fetch_layers(
    store: &Store,
    client: &Client,
    layers: Vec<(Descriptor, Digest)>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(), LayerError> {
    let sizes = layers.iter().map(|(blob, _)| (blob.digest.clone(), blob.size));
    progress(Progress::Started { layers: sizes.collect() });
    let (reports, mut reported) = mpsc::channel(CHUNKS);
    let slots = Arc::new(Semaphore::new(PARALLEL));
    let mut tasks = JoinSet::new();
    for (blob, diff_id) in layers {
        let fetch = Fetch { store: store.clone(), client: client.clone(), blob, reports: reports.clone() };
        let slots = Arc::clone(&slots);
        tasks.spawn(async move {
            let _slot = slots.acquire_owned().await.map_err(|_| LayerError::Interrupted)?;
            fetch.layer(diff_id).await
        });
    }
    drop(reports);
    // Both arms are cancel-safe: what is not taken now is taken in the next round.
    loop {
        tokio::select! {
            Some(report) = reported.recv() => progress(report),
            Some(finished) = tasks.join_next() => finished.map_err(|_| LayerError::Interrupted)??,
            else => return Ok(()),
        }
    }
}

/// One layer on its way.
struct Fetch {
    store: Store,
    client: Client,
    blob: Descriptor,
    reports: mpsc::Sender<Progress>,
}

impl Fetch {
    async fn layer(self, diff_id: Digest) -> Result<(), LayerError> {
        let existed = self.store.has_layer(&diff_id);
        if !existed {
            self.transfer(diff_id).await?;
        }
        self.report(Progress::Done { layer: self.blob.digest.clone(), existed }).await;
        Ok(())
    }

    /// Fetches in this task, unpacks in a thread; the thread's word decides.
    async fn transfer(&self, diff_id: Digest) -> Result<(), LayerError> {
        let (sender, receiver) = mpsc::channel(CHUNKS);
        let (store, blob) = (self.store.clone(), self.blob.clone());
        let unpacking = tokio::task::spawn_blocking(move || {
            store.add_layer(Chunks { receiver, current: io::Cursor::default() }, &blob, &diff_id)
        });
        let fetched = self.fetch(sender).await;
        let unpacked = unpacking.await.map_err(|_| LayerError::Interrupted)?;
        fetched.map_err(LayerError::Registry)?;
        unpacked.map(drop).map_err(LayerError::Store)
    }

    /// Sends the blob's bytes on, taking a broken transfer up where it stopped.
    async fn fetch(&self, sender: mpsc::Sender<Vec<u8>>) -> Result<(), RegistryError> {
        let mut received = 0;
        let mut resumes = 0;
        loop {
            let started = received;
            match self.fetch_from(&mut received, &sender).await {
                Err(error) if error.is_transient() && resumes < RESUMES => {
                    resumes = if received > started { 0 } else { resumes + 1 };
                    self.report(Progress::Retrying { reason: one_line(&error) }).await;
                }
                result => return result,
            }
        }
    }

    async fn fetch_from(
        &self,
        received: &mut u64,
        sender: &mpsc::Sender<Vec<u8>>,
    ) -> Result<(), RegistryError> {
        let mut response = self.client.blob(&self.blob.digest, *received).await?;
        let is_partial = response.status() == reqwest::StatusCode::PARTIAL_CONTENT;
        // A registry without ranges sends everything again.
        let mut known = if is_partial { 0 } else { *received };
        while let Some(chunk) = response.chunk().await.map_err(|error| self.client.transport(error))? {
            let skipped = usize::try_from(known).unwrap_or(usize::MAX).min(chunk.len());
            known -= skipped as u64;
            let fresh = chunk[skipped..].to_vec();
            *received += fresh.len() as u64;
            // Nobody receives any more when the unpacking has failed, and it says why.
            if !fresh.is_empty() && sender.send(fresh).await.is_err() {
                return Ok(());
            }
            self.report(Progress::Transferred { layer: self.blob.digest.clone(), bytes: *received }).await;
        }
        Ok(())
    }

    async fn report(&self, progress: Progress) {
        // Nobody listens any more when another layer has failed.
        let _ = self.reports.send(progress).await;
    }
}

/// The unpacking thread's end, as a reader. It ends early if the fetching does, which the blob's
/// size and digest then tell.
struct Chunks {
    receiver: mpsc::Receiver<Vec<u8>>,
    current: io::Cursor<Vec<u8>>,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.receiver.blocking_recv() {
                Some(chunk) => self.current = io::Cursor::new(chunk),
                None => return Ok(0),
            }
        }
    }
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
