//! An image's layers on their way: several at a time, each unpacked as it comes.
//!
//! ```text
//! task:    request -> chunks ──channel──┐       taken up again where the transfer broke off
//! thread:          blob file <- hash <- tee -> decompress -> hash -> tree
//! ```
//! A layer is fetched by one pull at a time: who comes second waits for the first and finds it done.

use super::Progress;
use super::client::Client;
use super::error::{RegistryError, one_line};
use crate::image::manifest::Descriptor;
use crate::image::store::{Added, Claim, Waiting};
use crate::image::{Lease, Store, StoreError};
use engine_spec::Digest;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// Layers under way at once, as Docker has it.
const PARALLEL: usize = 3;
/// Chunks between the network and the unpacking thread; a slow disk slows the network down.
const CHUNKS: usize = 64;
/// Waiting times before a transfer that broke off goes on: a registry that is started anew is back by then.
const RESUMES: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Why a layer is not there.
pub(super) enum LayerError {
    Registry(RegistryError),
    Store(StoreError),
    Interrupted,
}

/// All layers at once, a few of them moving; the first failure ends the others.
///
/// `layers` are all of an image's, bottom first; one that comes twice is fetched once. None of them is
/// removed as long as the lease lives.
pub(super) async fn layers(
    store: &Store,
    client: &Client,
    layers: Vec<(Descriptor, Digest)>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Lease, LayerError> {
    let diff_ids: Vec<Digest> = layers.iter().map(|(_, diff_id)| diff_id.clone()).collect();
    let lease = lease(store, diff_ids.clone()).await?;
    let mut seen = BTreeSet::new();
    let layers: Vec<_> = layers.into_iter().filter(|(_, diff_id)| seen.insert(diff_id.clone())).collect();
    let sizes = layers.iter().map(|(blob, _)| (blob.digest.clone(), blob.size));
    progress(Progress::Started { layers: sizes.collect() });
    let (reports, mut reported) = mpsc::channel(CHUNKS);
    let slots = Arc::new(Semaphore::new(PARALLEL));
    let mut tasks = JoinSet::new();
    for (blob, diff_id) in layers {
        let fetch =
            Fetch { store: store.clone(), client: client.clone(), blob, diff_id, reports: reports.clone() };
        let slots = Arc::clone(&slots);
        tasks.spawn(async move {
            let _slot = slots.acquire_owned().await.map_err(|_| LayerError::Interrupted)?;
            fetch.layer().await
        });
    }
    drop(reports);
    let mut waiting = Vec::new();
    // Both arms are cancel-safe: what is not taken now is taken in the next round.
    loop {
        tokio::select! {
            Some(report) = reported.recv() => progress(report),
            Some(finished) = tasks.join_next() => waiting.extend(finished.map_err(|_| LayerError::Interrupted)??),
            else => break,
        }
    }
    let store = store.clone();
    blocking(move || complete(&store, waiting, &diff_ids)).await?;
    Ok(lease)
}

async fn lease(store: &Store, layers: Vec<Digest>) -> Result<Lease, LayerError> {
    let store = store.clone();
    let take = move || {
        let lease = store.lease()?;
        lease.hold(&layers)?;
        Ok(lease)
    };
    blocking(move || take().map_err(LayerError::Store)).await
}

/// Layers with links into those below, from the bottom up.
fn complete(
    store: &Store,
    mut waiting: Vec<(Digest, Box<Waiting>)>,
    diff_ids: &[Digest],
) -> Result<(), LayerError> {
    for (index, diff_id) in diff_ids.iter().enumerate() {
        if let Some(found) = waiting.iter().position(|(waiting, _)| waiting == diff_id) {
            let (_, layer) = waiting.swap_remove(found);
            store.complete_layer(layer, &diff_ids[..index]).map_err(LayerError::Store)?;
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LayerError> + Send + 'static,
) -> Result<T, LayerError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| LayerError::Interrupted)?
}

/// One layer on its way.
struct Fetch {
    store: Store,
    client: Client,
    blob: Descriptor,
    diff_id: Digest,
    reports: mpsc::Sender<Progress>,
}

impl Fetch {
    /// Brings the layer; returns it where it waits for those below.
    async fn layer(self) -> Result<Option<(Digest, Box<Waiting>)>, LayerError> {
        let mut existed = self.store.has_layer(&self.diff_id);
        let mut added = Added::Done;
        if !existed {
            let (store, diff_id) = (self.store.clone(), self.diff_id.clone());
            let _claim = blocking(move || Claim::new(&store, &diff_id).map_err(LayerError::Store)).await?;
            existed = self.store.has_layer(&self.diff_id);
            if !existed {
                added = self.transfer().await?;
            }
        }
        self.report(Progress::Done { layer: self.blob.digest.clone(), existed }).await;
        Ok(match added {
            Added::Done => None,
            Added::Waiting(waiting) => Some((self.diff_id, waiting)),
        })
    }

    /// Fetches in this task, unpacks in a thread; the thread's word decides.
    async fn transfer(&self) -> Result<Added, LayerError> {
        let (sender, receiver) = mpsc::channel(CHUNKS);
        let (store, blob, diff_id) = (self.store.clone(), self.blob.clone(), self.diff_id.clone());
        let unpacking = tokio::task::spawn_blocking(move || {
            store.add_layer(Chunks { receiver, current: io::Cursor::default() }, &blob, &diff_id)
        });
        let fetched = self.fetch(sender).await;
        let unpacked = unpacking.await.map_err(|_| LayerError::Interrupted)?;
        fetched.map_err(LayerError::Registry)?;
        unpacked.map_err(LayerError::Store)
    }

    /// Sends the blob's bytes on, taking a broken transfer up where it stopped.
    async fn fetch(&self, sender: mpsc::Sender<Vec<u8>>) -> Result<(), RegistryError> {
        let mut received = 0;
        let mut waits = RESUMES.iter();
        loop {
            let started = received;
            let Err(error) = self.fetch_from(&mut received, &sender).await else { return Ok(()) };
            if received > started {
                waits = RESUMES.iter();
            }
            let may_come_back = error.is_transient() || (received > 0 && error.is_absence());
            let Some(wait) = waits.next().filter(|_| may_come_back) else { return Err(error) };
            self.report(Progress::Retrying { reason: one_line(&error) }).await;
            tokio::time::sleep(*wait).await;
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
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.client.connection.transport(error))?
        {
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
