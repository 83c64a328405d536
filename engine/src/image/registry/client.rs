//! What can be asked of one repository at one endpoint.

use super::connection::{Connection, LARGEST_DOCUMENT};
use super::credentials::Credentials;
use super::endpoint::Endpoint;
use super::error::RegistryError;
use crate::image::layer::Hasher;
use crate::image::manifest::{
    DOCKER_INDEX, DOCKER_MANIFEST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, Descriptor, Document, OCI_INDEX,
    OCI_MANIFEST,
};
use engine_spec::Digest;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LINK, RANGE};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

const ACCEPTED: [&str; 6] =
    [OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1];
/// Pages of a list that are read; a registry with more is not asked on.
const MOST_PAGES: usize = 100;

/// What is to be done in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Fetch.
    Pull,
    /// Send.
    Push,
    /// Nothing in particular.
    Login,
}

impl Access {
    fn scopes(self, repository: &str) -> Vec<String> {
        match self {
            Self::Pull => vec![format!("repository:{repository}:pull")],
            Self::Push => vec![format!("repository:{repository}:pull,push")],
            Self::Login => Vec::new(),
        }
    }
}

/// A repository of a registry. Clones share the connection and the authorization.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) connection: Connection,
    repository: Arc<str>,
}

impl Client {
    /// Prepares to speak to a repository at `endpoint`.
    pub(super) async fn connect(
        endpoint: &Endpoint,
        repository: &str,
        access: Access,
    ) -> Result<Self, RegistryError> {
        let connection = Connection::open(endpoint, access.scopes(repository)).await?;
        Ok(Self { connection, repository: repository.into() })
    }

    /// The registry, for people.
    pub(super) fn host(&self) -> &str {
        self.connection.host()
    }

    /// Whether anything answers, and be it with a refusal.
    pub(super) async fn answers(&self) -> bool {
        let answer = self.connection.execute(self.connection.http().get(self.root())).await;
        answer.is_ok_and(|response| !response.status().is_server_error())
    }

    /// Makes sure that the registry lets in `who`, or the user as known to it.
    pub(super) async fn log_in(&self, who: Option<&Credentials>) -> Result<(), RegistryError> {
        let ask = || self.connection.http().get(self.root());
        let response = self.connection.execute(ask()).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.connection.authorize(response.headers(), who).await?;
            return self.connection.send_body(ask()).await.map(drop);
        }
        self.connection.succeeded(response).await.map(drop)
    }

    /// Fetches a manifest or index by tag or digest.
    pub(super) async fn document(&self, tag_or_digest: &str) -> Result<(Vec<u8>, Document), RegistryError> {
        let url = self.url(&format!("manifests/{tag_or_digest}"));
        let accept = ACCEPTED.join(", ");
        let response =
            self.connection.send(|| self.connection.http().get(&url).header(ACCEPT, &accept)).await?;
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.map(str::to_owned);
        let body = self.connection.bounded(response, LARGEST_DOCUMENT).await?;
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
        let response = self.blob(&descriptor.digest, 0).await?;
        let body = self.connection.bounded(response, LARGEST_DOCUMENT).await?;
        self.check(&body, &descriptor.digest)?;
        Ok(body)
    }

    /// Starts to fetch a blob at `offset`; the registry may begin at zero all the same (status 200).
    pub(super) async fn blob(&self, digest: &Digest, offset: u64) -> Result<Response, RegistryError> {
        let url = self.url(&format!("blobs/{digest}"));
        let range = format!("bytes={offset}-");
        let request = || {
            let request = self.connection.http().get(&url);
            if offset > 0 { request.header(RANGE, &range) } else { request }
        };
        self.connection.send(request).await
    }

    /// Whether the registry has a blob.
    pub(super) async fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let url = self.url(&format!("blobs/{digest}"));
        match self.connection.send(|| self.connection.http().head(&url)).await {
            Ok(_) => Ok(true),
            Err(RegistryError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends a manifest.
    pub(super) async fn put_manifest(
        &self,
        tag_or_digest: &str,
        media_type: &str,
        text: &[u8],
    ) -> Result<(), RegistryError> {
        let url = self.url(&format!("manifests/{tag_or_digest}"));
        let http = self.connection.http();
        let request = || http.put(&url).header(CONTENT_TYPE, media_type).body(text.to_vec());
        self.connection.send(request).await.map(drop)
    }

    /// The repository's tags.
    pub(super) async fn tags(&self) -> Result<Vec<String>, RegistryError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            tags: Option<Vec<String>>,
        }
        let pages: Vec<Page> = self.pages(self.url("tags/list")).await?;
        Ok(pages.into_iter().filter_map(|page| page.tags).flatten().collect())
    }

    /// The names of the registry's repositories, where it tells them.
    pub(super) async fn catalog(&self) -> Result<Vec<String>, RegistryError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            repositories: Option<Vec<String>>,
        }
        let pages: Vec<Page> = self.pages(format!("{}_catalog", self.root())).await?;
        Ok(pages.into_iter().filter_map(|page| page.repositories).flatten().collect())
    }

    /// Asks a page of the registry's family that is in no specification.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        url: &str,
        query: &[(&str, String)],
    ) -> Result<T, RegistryError> {
        let response = self.connection.send(|| self.connection.http().get(url).query(query)).await?;
        let body = self.connection.bounded(response, LARGEST_DOCUMENT).await?;
        serde_json::from_slice(&body).map_err(|_| self.connection.protocol("a list"))
    }

    /// Reads a list to its end (distribution specification, "Pagination").
    async fn pages<T: DeserializeOwned>(&self, url: String) -> Result<Vec<T>, RegistryError> {
        let mut pages = Vec::new();
        let mut next = Url::parse(&url).ok();
        while let Some(url) = next.take().filter(|_| pages.len() < MOST_PAGES) {
            let response = self.connection.send(|| self.connection.http().get(url.clone())).await?;
            let link = response.headers().get(LINK).and_then(|value| value.to_str().ok());
            // Only a page of the same registry: the authorization goes with the question.
            next = link
                .and_then(|link| link.split_once('<')?.1.split_once('>'))
                .and_then(|(target, _)| url.join(target).ok())
                .filter(|next| next.origin() == url.origin());
            let body = self.connection.bounded(response, LARGEST_DOCUMENT).await?;
            pages.push(serde_json::from_slice(&body).map_err(|_| self.connection.protocol("a list"))?);
        }
        Ok(pages)
    }

    fn check(&self, body: &[u8], expected: &Digest) -> Result<(), RegistryError> {
        let found = Hasher::digest_like(expected, body);
        if found == *expected {
            return Ok(());
        }
        let host = self.host().to_owned();
        Err(RegistryError::DigestMismatch { host, expected: expected.clone(), found })
    }

    fn root(&self) -> String {
        format!("{}/v2/", self.connection.base())
    }

    /// Something of the repository; a mirror is told whose (containerd's `ns`).
    pub(super) fn url(&self, rest: &str) -> String {
        let namespace = self.connection.namespace().map(|registry| format!("?ns={registry}"));
        format!("{}{}/{rest}{}", self.root(), self.repository, namespace.unwrap_or_default())
    }
}
