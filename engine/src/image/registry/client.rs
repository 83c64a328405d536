//! One repository at one endpoint.

use super::authorization::Challenge;
use super::error::{RegistryError, one_line};
use super::registries::Endpoint;
use crate::image::layer::Hasher;
use crate::image::manifest::{
    DOCKER_INDEX, DOCKER_MANIFEST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, Descriptor, Document, OCI_INDEX,
    OCI_MANIFEST,
};
use engine_spec::{Digest, ImageReference};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RANGE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const USER_AGENT: &str = concat!("lighter/", env!("CARGO_PKG_VERSION"));
/// A registry that is down must be known to be within seconds.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);
/// A connection on which nothing moves for so long is dead.
const READ_LIMIT: Duration = Duration::from_secs(30);
/// Waiting times before a failed request is sent again.
const BACK_OFF: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];
/// A registry that wants more patience gets none.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Manifests and configurations are kilobytes.
const LARGEST_DOCUMENT: u64 = 8 << 20;
/// No error message is longer.
const LARGEST_MESSAGE: u64 = 4 << 10;
const ACCEPTED: [&str; 6] =
    [OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1];

/// What is to be done in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Fetch.
    Pull,
    /// Send.
    Push,
}

/// A repository of a registry. Clones share the connection and the authorization.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    endpoint: Arc<Endpoint>,
    repository: Arc<str>,
    access: Access,
    authorization: Arc<Mutex<Option<HeaderValue>>>,
}

impl Client {
    /// Prepares to speak to the repository of `reference` at `endpoint`; connects to nothing yet.
    pub(super) fn new(
        endpoint: Endpoint,
        reference: &ImageReference,
        access: Access,
    ) -> Result<Self, RegistryError> {
        // Fails only if a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(READ_LIMIT);
        if endpoint.is_plain() {
            // Without certificates to check: reading the host's takes milliseconds, or fails.
            builder = builder.tls_certs_only([]).no_proxy();
        }
        Ok(Self {
            http: builder.build().map_err(RegistryError::Setup)?,
            endpoint: Arc::new(endpoint),
            repository: reference.repository().into(),
            access,
            authorization: Arc::default(),
        })
    }

    /// The registry, for people.
    pub(super) fn host(&self) -> &str {
        &self.endpoint.host
    }

    /// Whether anything answers, and be it with a refusal.
    pub(super) async fn answers(&self) -> bool {
        let url = format!("{}/v2/", self.endpoint.base);
        self.http.get(url).send().await.is_ok_and(|response| !response.status().is_server_error())
    }

    /// Fetches a manifest or index by tag or digest.
    pub(super) async fn document(&self, tag_or_digest: &str) -> Result<(Vec<u8>, Document), RegistryError> {
        let url = self.url(&format!("manifests/{tag_or_digest}"));
        let accept = ACCEPTED.join(", ");
        let response = self.send(|| self.http.get(&url).header(ACCEPT, &accept)).await?;
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.map(str::to_owned);
        let body = self.bounded(response, LARGEST_DOCUMENT).await?;
        if let Ok(expected) = tag_or_digest.parse() {
            self.check(&body, &expected)?;
        }
        match Document::parse(&body, media_type.as_deref()) {
            Ok(document) => Ok((body, document)),
            Err(source) => Err(RegistryError::Manifest { host: self.host().to_owned(), source }),
        }
    }

    /// Fetches a blob that is small enough for memory.
    pub(super) async fn small_blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        let body = self.bounded(self.blob(&descriptor.digest, 0).await?, LARGEST_DOCUMENT).await?;
        self.check(&body, &descriptor.digest)?;
        Ok(body)
    }

    /// Starts to fetch a blob at `offset`; the registry may begin at zero all the same (status 200).
    pub(super) async fn blob(&self, digest: &Digest, offset: u64) -> Result<Response, RegistryError> {
        let url = self.url(&format!("blobs/{digest}"));
        let range = format!("bytes={offset}-");
        self.send(|| {
            let request = self.http.get(&url);
            if offset > 0 { request.header(RANGE, &range) } else { request }
        })
        .await
    }

    /// Whether the registry has a blob.
    pub(super) async fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let url = self.url(&format!("blobs/{digest}"));
        match self.send(|| self.http.head(&url)).await {
            Ok(_) => Ok(true),
            Err(RegistryError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks for a place to send a blob to.
    pub(super) async fn start_upload(&self) -> Result<Url, RegistryError> {
        let url = self.url("blobs/uploads/");
        let response = self.send(|| self.http.post(&url).body("")).await?;
        let location = response.headers().get(reqwest::header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let location = location.and_then(|location| response.url().join(location).ok());
        location.ok_or_else(|| self.protocol("the place to upload to"))
    }

    /// Sends a whole blob to its place.
    pub(super) async fn finish_upload(
        &self,
        mut place: Url,
        digest: &Digest,
        body: reqwest::Body,
        size: u64,
    ) -> Result<(), RegistryError> {
        place.query_pairs_mut().append_pair("digest", digest.as_str());
        let is_own = place.as_str().starts_with(&self.endpoint.base);
        let mut request = self.http.put(place).header(CONTENT_TYPE, "application/octet-stream");
        request = request.header(reqwest::header::CONTENT_LENGTH, size).body(body);
        if let (true, Some(authorization)) = (is_own, self.authorization()) {
            request = request.header(AUTHORIZATION, authorization);
        }
        let response = request.send().await.map_err(|error| self.transport(error))?;
        self.succeeded(response).await.map(drop)
    }

    /// Sends a manifest.
    pub(super) async fn put_manifest(
        &self,
        tag_or_digest: &str,
        media_type: &str,
        text: &[u8],
    ) -> Result<(), RegistryError> {
        let url = self.url(&format!("manifests/{tag_or_digest}"));
        let request = || self.http.put(&url).header(CONTENT_TYPE, media_type).body(text.to_vec());
        self.send(request).await.map(drop)
    }

    /// Sends a request, with authorization if it is wanted, again if it fails for the moment.
    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, RegistryError> {
        let mut waits = BACK_OFF.iter();
        loop {
            let Failure { error, asked_for } = match self.send_once(&request).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let Some(wait) = waits.next().filter(|_| error.is_transient()) else { return Err(error) };
            let wait = asked_for.unwrap_or(*wait);
            if wait > LONGEST_WAIT {
                return Err(error);
            }
            tracing::debug!(error = one_line(&error), ?wait, "trying again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn send_once(&self, request: &impl Fn() -> RequestBuilder) -> Result<Response, Failure> {
        let mut response = self.authorized(request()).await?;
        if response.status() == StatusCode::UNAUTHORIZED && self.authorize(response.headers()).await? {
            response = self.authorized(request()).await?;
        }
        let asked_for = retry_after(response.headers());
        self.succeeded(response).await.map_err(|error| Failure { error, asked_for })
    }

    async fn authorized(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        let request = match self.authorization() {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        };
        request.send().await.map_err(|error| self.transport(error))
    }

    fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gets what the registry wants to see; whether there is something new to show.
    async fn authorize(&self, headers: &HeaderMap) -> Result<bool, RegistryError> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        let shown = match Challenge::best(values.iter().copied()) {
            Some(Challenge::Bearer { realm, service, scope }) => {
                let token = self.token(&realm, service, scope).await?;
                format!("Bearer {token}")
            }
            Some(Challenge::Basic) => match &self.endpoint.credentials {
                Some(credentials) => format!("Basic {credentials}"),
                None => return Ok(false),
            },
            None => {
                let host = self.host().to_owned();
                return Err(RegistryError::Challenge { host, challenge: values.join(", ") });
            }
        };
        let mut value =
            HeaderValue::try_from(shown).map_err(|_| self.protocol("a token that can be sent back"))?;
        value.set_sensitive(true);
        let mut kept = self.authorization.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = kept.as_ref() != Some(&value);
        *kept = Some(value);
        Ok(is_new)
    }

    /// Fetches a token, anonymously unless there are credentials for this registry.
    async fn token(
        &self,
        realm: &str,
        service: Option<String>,
        scope: Option<String>,
    ) -> Result<String, RegistryError> {
        let actions = if self.access == Access::Push { "pull,push" } else { "pull" };
        let scope = scope.unwrap_or_else(|| format!("repository:{}:{actions}", self.repository));
        let mut request = self.http.get(realm).query(&[("scope", scope)]);
        if let Some(service) = service {
            request = request.query(&[("service", service)]);
        }
        // Over plain HTTP only if the registry itself is spoken to so.
        if let Some(credentials) = &self.endpoint.credentials
            && (self.endpoint.is_plain() || realm.starts_with("https://"))
        {
            request = request.header(AUTHORIZATION, format!("Basic {credentials}"));
        }
        let response = request.send().await.map_err(|error| self.transport(error))?;
        let body = self.bounded(self.succeeded(response).await?, LARGEST_DOCUMENT).await?;
        let token: Option<Token> = serde_json::from_slice(&body).ok();
        token.and_then(|token| token.token.or(token.access_token)).ok_or_else(|| self.protocol("a token"))
    }

    /// The response if it says so, else what the registry says.
    async fn succeeded(&self, response: Response) -> Result<Response, RegistryError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.bounded(response, LARGEST_MESSAGE).await.unwrap_or_default();
        Err(RegistryError::status(self.host(), status, message(status, &body)))
    }

    async fn bounded(&self, mut response: Response, limit: u64) -> Result<Vec<u8>, RegistryError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport(error))? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > limit {
                return Err(RegistryError::TooLarge { host: self.host().to_owned(), limit });
            }
        }
        Ok(body)
    }

    fn check(&self, body: &[u8], expected: &Digest) -> Result<(), RegistryError> {
        let found = Hasher::digest_like(expected, body);
        if found == *expected {
            return Ok(());
        }
        let host = self.host().to_owned();
        Err(RegistryError::DigestMismatch { host, expected: expected.clone(), found })
    }

    /// Why there was no answer.
    pub(super) fn transport(&self, error: reqwest::Error) -> RegistryError {
        let limit = if error.is_connect() { CONNECT_LIMIT } else { READ_LIMIT };
        RegistryError::transport(self.host(), limit, error)
    }

    fn protocol(&self, what: &'static str) -> RegistryError {
        RegistryError::Protocol { host: self.host().to_owned(), what }
    }

    fn url(&self, rest: &str) -> String {
        format!("{}/v2/{}/{rest}", self.endpoint.base, self.repository)
    }
}

/// One failed try, and how long the registry asked to be left alone.
struct Failure {
    error: RegistryError,
    asked_for: Option<Duration>,
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self { error, asked_for: None }
    }
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<ErrorEntry>,
}

#[derive(Deserialize)]
struct ErrorEntry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// What the registry says (distribution specification, error codes), else what HTTP calls it.
fn message(status: StatusCode, body: &[u8]) -> String {
    let entries = serde_json::from_slice::<Errors>(body).map(|errors| errors.errors).unwrap_or_default();
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| format!("{} ({})", entry.message, entry.code))
        .map(|line| line.escape_debug().to_string())
        .collect();
    if lines.is_empty() {
        status.canonical_reason().unwrap_or("no reason").to_owned()
    } else {
        lines.join("; ")
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registrys_words_are_quoted() {
        let body = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}"#;
        assert_eq!(message(StatusCode::NOT_FOUND, body), "manifest unknown (MANIFEST_UNKNOWN)");
        assert_eq!(message(StatusCode::BAD_GATEWAY, b"<html>"), "Bad Gateway");
    }
}
