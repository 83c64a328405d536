//! An image's layers on their way: several at a time, each unpacked as it comes.
//!
//! ```text
//! task:    request -> chunks ──channel──┐            taken up again where the transfer broke off
//! thread:  what came before ──> blob file <- hash <- tee -> decompress -> hash -> tree
//! ```
//! A layer is fetched by one pull at a time: who comes second waits for the first and finds it done.

mod transfer;

use super::Progress;
use super::client::Client;
use super::error::RegistryError;
use crate::image::manifest::Descriptor;
use crate::image::store::Waiting;
use crate::image::{Lease, Store, StoreError};
use engine_spec::Digest;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use transfer::Transfer;

/// Layers under way at once, as Docker has it.
const PARALLEL: usize = 3;
/// Reports that wait to be taken.
const REPORTS: usize = 64;

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
    let (reports, mut reported) = mpsc::channel(REPORTS);
    let slots = Arc::new(Semaphore::new(PARALLEL));
    let mut tasks = JoinSet::new();
    for (blob, diff_id) in layers {
        let (store, client, reports) = (store.clone(), client.clone(), reports.clone());
        let transfer = Transfer { store, client, blob, diff_id, reports };
        let slots = Arc::clone(&slots);
        tasks.spawn(async move {
            let _slot = slots.acquire_owned().await.map_err(|_| LayerError::Interrupted)?;
            transfer.run().await
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
