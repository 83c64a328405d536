//! Sending one blob: not at all, from another repository, in one piece, or piece by piece.
//!
//! ```text
//! HEAD blob ──200──> it is there
//!   └─404─> POST uploads?mount=&from= ──201──> the registry took it from the other repository
//!             └─202─> PUT place?digest=                      up to one piece
//!             └─202─> PATCH place, PATCH place, …, PUT       larger ones, taken up where they broke off
//! ```

use super::client::Client;
use super::error::{RegistryError, one_line};
use crate::image::manifest::Descriptor;
use engine_spec::Digest;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use reqwest::{Response, StatusCode, Url};
use std::io::{self, SeekFrom};
use std::path::Path;
use std::time::Duration;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

/// What is sent with one request; what is larger is sent in pieces of this size.
const PIECE: u64 = 32 << 20;
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
            let Err(error) = self.try_send().await else { return Ok(Sent::Whole) };
            match error {
                Refusal::Mounted => return Ok(Sent::Existed),
                Refusal::Error(error) => {
                    // A token may have run out while the blob was on its way; the next start asks for one.
                    let may_pass = error.is_transient() || error.is_absence() || error.is_denial();
                    let Some(wait) = waits.next().filter(|_| may_pass) else { return Err(error) };
                    tracing::debug!(error = one_line(&error), "sending the blob again");
                    tokio::time::sleep(*wait).await;
                }
            }
        }
    }

    async fn try_send(&self) -> Result<(), Refusal> {
        let place = match self.start().await? {
            Start::Mounted => return Err(Refusal::Mounted),
            Start::Place(place) => place,
        };
        let mut file = File::open(self.path).await.map_err(RegistryError::Blob)?;
        let place = if self.blob.size > PIECE { self.pieces(&mut file, place).await? } else { place };
        let rest = self.blob.size.min(PIECE);
        let is_sent = self.blob.size > PIECE;
        let body = if is_sent { Vec::new() } else { piece(&mut file, 0, rest).await? };
        let place = with_digest(place, &self.blob.digest);
        let length = body.len();
        let request = self.client.connection.http().put(place.clone());
        let request = request.header(CONTENT_TYPE, "application/octet-stream").header(CONTENT_LENGTH, length);
        self.answer(&place, request.body(body)).await?;
        (self.progress)(self.blob.size);
        Ok(())
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
    async fn pieces(&self, file: &mut File, mut to: Url) -> Result<Url, RegistryError> {
        let (mut sent, mut waits) = (0, RESUMES.iter());
        while sent < self.blob.size {
            let length = PIECE.min(self.blob.size - sent);
            let body = piece(file, sent, length).await?;
            let request = self.client.connection.http().patch(to.clone());
            let request = request
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_RANGE, format!("{sent}-{}", sent + length - 1))
                .header(CONTENT_LENGTH, length);
            match self.answer(&to, request.body(body)).await {
                Ok(response) => {
                    to = place(&response).unwrap_or(to);
                    sent += length;
                    waits = RESUMES.iter();
                }
                Err(error) if error.is_transient() || error.is_absence() => {
                    let Some(wait) = waits.next() else { return Err(error) };
                    tokio::time::sleep(*wait).await;
                    (to, sent) = self.where_it_broke_off(to).await?;
                }
                Err(error) => return Err(error),
            }
            (self.progress)(sent);
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

    /// Sends a request with a body; the authorization goes to the registry itself only.
    async fn answer(&self, to: &Url, request: reqwest::RequestBuilder) -> Result<Response, RegistryError> {
        let connection = &self.client.connection;
        let is_own = Url::parse(connection.base()).is_ok_and(|base| base.origin() == to.origin());
        if is_own {
            return connection.send_body(request).await;
        }
        let response = request.send().await.map_err(|error| connection.transport(error))?;
        connection.succeeded(response).await
    }
}

/// Why a try to send a blob did not send it.
enum Refusal {
    Mounted,
    Error(RegistryError),
}

impl From<RegistryError> for Refusal {
    fn from(error: RegistryError) -> Self {
        Self::Error(error)
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

async fn piece(file: &mut File, offset: u64, length: u64) -> Result<Vec<u8>, RegistryError> {
    let read = async {
        file.seek(SeekFrom::Start(offset)).await?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.take(length).read_to_end(&mut bytes).await?;
        let is_whole = bytes.len() as u64 == length;
        if is_whole { Ok(bytes) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof)) }
    };
    read.await.map_err(RegistryError::Blob)
}
