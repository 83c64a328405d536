//! Sending one blob: not at all, from another repository, in one piece, or piece by piece.
//!
//! ```text
//! HEAD blob ──200──> it is there
//!   └─404─> POST uploads?mount=&from= ──201──> the registry took it from the other repository
//!             └─202─> PUT place?digest=                      up to one piece
//!             └─202─> PATCH place, PATCH place, …, PUT       larger ones, taken up where they broke off
//! ```

mod piece;

use super::client::Client;
use super::error::{RegistryError, one_line};
use crate::image::manifest::Descriptor;
use engine_spec::Digest;
use piece::Piece;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use std::path::Path;
use std::time::Duration;

/// Waiting times before a broken upload goes on.
const RESUMES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// How a blob came to be in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// It was there, or the registry took it from another repository.
    Existed,
    /// It was sent.
    Whole,
}

/// A registry's answer to the wish to send a blob.
enum Start {
    Mounted,
    Place(Url),
}

/// A blob on its way to a registry.
pub(super) struct Upload<'a> {
    pub(super) client: &'a Client,
    pub(super) blob: &'a Descriptor,
    /// The blob's file.
    pub(super) path: &'a Path,
    /// Another repository of the registry that may have it.
    pub(super) elsewhere: Option<&'a str>,
    /// Told how many bytes have been sent.
    pub(super) progress: &'a (dyn Fn(u64) + Sync),
}

impl Upload<'_> {
    /// Sends the blob unless the registry has it.
    pub(super) async fn send(&self) -> Result<Sent, RegistryError> {
        if self.client.has_blob(&self.blob.digest).await? {
            return Ok(Sent::Existed);
        }
        let mut waits = RESUMES.iter();
        loop {
            let error = match self.try_send().await {
                Ok(sent) => return Ok(sent),
                Err(error) => error,
            };
            // A token may have run out while the blob was on its way; the next start asks for one.
            let may_pass = error.is_transient() || error.is_absence() || error.is_denial();
            let Some(wait) = waits.next().filter(|_| may_pass) else { return Err(error) };
            tracing::debug!(error = one_line(&error), "sending the blob again");
            tokio::time::sleep(*wait).await;
        }
    }

    async fn try_send(&self) -> Result<Sent, RegistryError> {
        let Start::Place(place) = self.start().await? else { return Ok(Sent::Existed) };
        let http = self.client.connection.http();
        if self.blob.size > self.client.connection.largest_request() {
            let place = with_digest(self.pieces(place).await?, &self.blob.digest);
            self.answer(&place, http.put(place.clone()).header(CONTENT_LENGTH, 0)).await?;
        } else {
            let place = with_digest(place, &self.blob.digest);
            self.send_piece(&place, http.put(place.clone()), 0, self.blob.size).await?;
        }
        (self.progress)(self.blob.size);
        Ok(Sent::Whole)
    }

    async fn start(&self) -> Result<Start, RegistryError> {
        let mut url = self.client.url("blobs/uploads/");
        if let Some(repository) = self.elsewhere {
            self.client.connection.add_scope(format!("repository:{repository}:pull"));
            url = format!("{url}?mount={}&from={repository}", self.blob.digest);
        }
        let connection = &self.client.connection;
        let response = connection.send(|| connection.http().post(&url).body("")).await?;
        if self.elsewhere.is_some() && response.status() == StatusCode::CREATED {
            return Ok(Start::Mounted);
        }
        place(&response).map(Start::Place).ok_or_else(|| connection.protocol("the place to upload to"))
    }

    /// Sends all of the blob; a piece that broke off is taken up where the registry says it did.
    async fn pieces(&self, mut to: Url) -> Result<Url, RegistryError> {
        let (mut sent, mut waits) = (0, RESUMES.iter());
        while sent < self.blob.size {
            let length = self.client.connection.largest_request().min(self.blob.size - sent);
            let range = format!("{sent}-{}", sent + length - 1);
            let request = self.client.connection.http().patch(to.clone()).header(CONTENT_RANGE, range);
            match self.send_piece(&to, request, sent, length).await {
                Ok(response) => {
                    to = place(&response).unwrap_or(to);
                    sent += length;
                    waits = RESUMES.iter();
                }
                // A token that has run out is replaced by the question where it broke off.
                Err(error) if error.is_transient() || error.is_absence() || error.is_denial() => {
                    let Some(wait) = waits.next() else { return Err(error) };
                    tokio::time::sleep(*wait).await;
                    // Some do not know after a piece that came in part; then all begins anew.
                    let Ok(known) = self.where_it_broke_off(to).await else { return Err(error) };
                    (to, sent) = known;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(to)
    }

    /// How many bytes the registry has, and where it wants the next ones.
    async fn where_it_broke_off(&self, to: Url) -> Result<(Url, u64), RegistryError> {
        let connection = &self.client.connection;
        let response = connection.send(|| connection.http().get(to.clone())).await?;
        let range = response.headers().get(RANGE).and_then(|value| value.to_str().ok());
        let end: Option<u64> = range.and_then(|range| range.rsplit('-').next()?.parse().ok());
        // "0-0" is what an empty upload is said to have; one byte more or less is sent again.
        let has = end.map_or(0, |end| if end == 0 { 0 } else { end + 1 });
        Ok((place(&response).unwrap_or(to), has))
    }

    /// Sends bytes of the blob and reports them; there is no limit but that they must keep moving.
    async fn send_piece(
        &self,
        to: &Url,
        request: RequestBuilder,
        offset: u64,
        length: u64,
    ) -> Result<Response, RegistryError> {
        let piece = Piece::open(self.path, offset, length).await.map_err(RegistryError::Blob)?;
        let request = request.header(CONTENT_TYPE, "application/octet-stream").header(CONTENT_LENGTH, length);
        let mut answer = std::pin::pin!(self.answer(to, request.body(piece.body)));
        let (mut sent, connection) = (piece.sent, &self.client.connection);
        loop {
            // All arms are cancel-safe: the answer is only looked at, and a count that is not taken stays.
            tokio::select! {
                answer = &mut answer => return answer,
                Some(count) = sent.recv() => (self.progress)(offset + count),
                () = tokio::time::sleep(connection.patience()) => return Err(connection.timed_out()),
            }
        }
    }

    /// Sends a request that cannot be sent again; the authorization goes to the registry itself only.
    async fn answer(&self, to: &Url, request: RequestBuilder) -> Result<Response, RegistryError> {
        let connection = &self.client.connection;
        let is_own = Url::parse(connection.base()).is_ok_and(|base| base.origin() == to.origin());
        if is_own {
            return connection.send_body(request).await;
        }
        let response = request.send().await.map_err(|error| connection.transport(error))?;
        connection.succeeded(response).await
    }
}

fn with_digest(mut place: Url, digest: &Digest) -> Url {
    place.query_pairs_mut().append_pair("digest", digest.as_str());
    place
}

/// Where an upload goes on; relative to the request, at times.
fn place(response: &Response) -> Option<Url> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    response.url().join(location).ok()
}
