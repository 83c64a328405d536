//! One layer on its way.

use super::{LayerError, blocking};
use crate::image::Store;
use crate::image::manifest::Descriptor;
use crate::image::registry::Progress;
use crate::image::registry::chunks::{CHUNK, chunks};
use crate::image::registry::client::Client;
use crate::image::registry::error::{RegistryError, one_line};
use crate::image::store::{Added, Claim, Partial, Waiting};
use engine_spec::Digest;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;

/// Waiting times before a transfer that broke off goes on: a registry that is started anew is back by then.
const RESUMES: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

pub(super) struct Transfer {
    pub(super) store: Store,
    pub(super) client: Client,
    pub(super) blob: Descriptor,
    pub(super) diff_id: Digest,
    pub(super) reports: mpsc::Sender<Progress>,
}

impl Transfer {
    /// Brings the layer; returns it where it waits for those below.
    pub(super) async fn run(self) -> Result<Option<(Digest, Box<Waiting>)>, LayerError> {
        let mut existed = self.store.has_layer(&self.diff_id);
        let mut added = Added::Done;
        if !existed {
            let (store, diff_id) = (self.store.clone(), self.diff_id.clone());
            let _claim = blocking(move || Claim::new(&store, &diff_id).map_err(LayerError::Store)).await?;
            existed = self.store.has_layer(&self.diff_id);
            if !existed {
                added = self.bring().await?;
            }
        }
        self.report(Progress::Done { layer: self.blob.digest.clone(), existed }).await;
        Ok(match added {
            Added::Done => None,
            Added::Waiting(waiting) => Some((self.diff_id, waiting)),
        })
    }

    /// Goes on with what an earlier pull has left; if that turns out to be worthless, begins anew.
    async fn bring(&self) -> Result<Added, LayerError> {
        let partial = self.partial().await?;
        let has_beginning = partial.length() > 0;
        match self.bring_after(partial).await {
            Err(LayerError::Store(error)) if has_beginning => {
                tracing::debug!(error = one_line(&error), "what an earlier pull has left is of no use");
                self.bring_after(self.partial().await?).await
            }
            outcome => outcome,
        }
    }

    async fn partial(&self) -> Result<Partial, LayerError> {
        let (store, blob) = (self.store.clone(), self.blob.clone());
        blocking(move || store.partial(&blob).map_err(LayerError::Store)).await
    }

    /// Fetches in this task, unpacks in a thread; the thread's word decides.
    async fn bring_after(&self, partial: Partial) -> Result<Added, LayerError> {
        let (sender, rest) = chunks();
        let received = partial.length();
        let (store, blob, diff_id) = (self.store.clone(), self.blob.clone(), self.diff_id.clone());
        let unpacking = tokio::task::spawn_blocking(move || {
            // It ends early if the fetching does, which the blob's size and digest then tell.
            store.add_fetched_layer(partial, rest, &blob, &diff_id)
        });
        let fetched = self.fetch(received, sender).await;
        let unpacked = unpacking.await.map_err(|_| LayerError::Interrupted)?;
        fetched.map_err(LayerError::Registry)?;
        unpacked.map_err(LayerError::Store)
    }

    /// Sends the blob's bytes on, taking a broken transfer up where it stopped.
    async fn fetch(
        &self,
        mut received: u64,
        sender: mpsc::Sender<io::Result<Vec<u8>>>,
    ) -> Result<(), RegistryError> {
        let mut waits = RESUMES.iter();
        while received < self.blob.size {
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
        Ok(())
    }

    async fn fetch_from(
        &self,
        received: &mut u64,
        sender: &mpsc::Sender<io::Result<Vec<u8>>>,
    ) -> Result<(), RegistryError> {
        let mut response = self.client.blob(&self.blob.digest, *received).await?;
        let is_partial = response.status() == reqwest::StatusCode::PARTIAL_CONTENT;
        // A registry without ranges sends everything again.
        let mut known = if is_partial { 0 } else { *received };
        while let Some(chunk) = self.client.connection.chunk(&mut response).await? {
            let skipped = usize::try_from(known).unwrap_or(usize::MAX).min(chunk.len());
            known -= skipped as u64;
            for fresh in chunk[skipped..].chunks(CHUNK) {
                *received += fresh.len() as u64;
                // Nobody receives any more when the unpacking has failed, and it says why.
                if sender.send(Ok(fresh.to_vec())).await.is_err() {
                    return Ok(());
                }
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
