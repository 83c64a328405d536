//! Requests to one repository at one endpoint: authorization, retries, the registry's own words.

use super::authorization::Challenge;
use super::credentials::{Credentials, Logins};
use super::endpoint::{Base, CONNECT_LIMIT, Endpoint, READ_LIMIT, Trust};
use super::error::{RegistryError, one_line};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Waiting times before a failed request is sent again.
const BACK_OFF: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];
/// A registry that wants more patience gets none.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Manifests and configurations are kilobytes.
pub(super) const LARGEST_DOCUMENT: u64 = 8 << 20;
/// No error message is longer.
const LARGEST_MESSAGE: u64 = 4 << 10;
/// What token servers know us as.
const CLIENT_ID: &str = "lighter";

/// A way to a registry that works. Clones share the connection and the authorization.
#[derive(Clone)]
pub(super) struct Connection {
    http: reqwest::Client,
    host: Arc<str>,
    base: Arc<str>,
    key: Arc<str>,
    logins: Arc<Logins>,
    /// What a token is asked for, where the registry does not say it.
    scopes: Arc<Mutex<Vec<String>>>,
    authorization: Arc<Mutex<Option<HeaderValue>>>,
}

impl Connection {
    /// Finds the way to speak to `endpoint`; with one way only, connects to nothing yet.
    pub(super) async fn open(endpoint: &Endpoint, scopes: Vec<String>) -> Result<Self, RegistryError> {
        let mut refusal = None;
        let is_only = endpoint.bases.len() == 1;
        for base in &endpoint.bases {
            let http = endpoint.client(base)?;
            match if is_only { Ok(()) } else { probe(&http, base, &endpoint.host).await } {
                Ok(()) => return Ok(Self::over(http, base, endpoint, scopes)),
                Err(error) => refusal = Some(error),
            }
        }
        Err(refusal.unwrap_or_else(|| RegistryError::Refused { host: endpoint.host.clone() }))
    }

    fn over(http: reqwest::Client, base: &Base, endpoint: &Endpoint, scopes: Vec<String>) -> Self {
        Self {
            http,
            host: endpoint.host.as_str().into(),
            base: base.url.as_str().into(),
            key: endpoint.key.as_str().into(),
            logins: Arc::clone(&endpoint.logins),
            scopes: Arc::new(Mutex::new(scopes)),
            authorization: Arc::default(),
        }
    }

    /// The registry, for people.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// `scheme://host[:port]`
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// To make requests with.
    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Has the next token allow more.
    pub(super) fn add_scope(&self, scope: String) {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        if !scopes.contains(&scope) {
            scopes.push(scope);
            *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Sends a request, with authorization if it is wanted, again if it fails for the moment.
    pub(super) async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, RegistryError> {
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
        if response.status() == StatusCode::UNAUTHORIZED && self.authorize(response.headers(), None).await? {
            response = self.authorized(request()).await?;
        }
        let asked_for = retry_after(response.headers());
        self.succeeded(response).await.map_err(|error| Failure { error, asked_for })
    }

    /// Sends a request once, with the authorization that there is: its body cannot be sent again.
    pub(super) async fn send_body(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        self.succeeded(self.authorized(request).await?).await
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

    /// Gets what the registry wants to see, as `who` or as the user is known to it; whether there is
    /// something new to show.
    pub(super) async fn authorize(
        &self,
        headers: &HeaderMap,
        who: Option<&Credentials>,
    ) -> Result<bool, RegistryError> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        let Some(challenge) = Challenge::best(values.iter().copied()) else {
            let host = self.host().to_owned();
            return Err(RegistryError::Challenge { host, challenge: values.join(", ") });
        };
        let who = match who {
            Some(who) => Some(who.clone()),
            None => self.credentials().await?,
        };
        let shown = match (challenge, who) {
            (_, Some(Credentials::Registry(token))) => format!("Bearer {token}"),
            (Challenge::Bearer { realm, service, scope }, who) => {
                format!("Bearer {}", self.token(&realm, service, scope, who).await?)
            }
            (Challenge::Basic, Some(Credentials::Basic(password))) => format!("Basic {password}"),
            (Challenge::Basic, _) => return Ok(false),
        };
        let mut value =
            HeaderValue::try_from(shown).map_err(|_| self.protocol("a token that can be sent back"))?;
        value.set_sensitive(true);
        let mut kept = self.authorization.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = kept.as_ref() != Some(&value);
        *kept = Some(value);
        Ok(is_new)
    }

    /// A helper program may have to be asked, which blocks.
    async fn credentials(&self) -> Result<Option<Credentials>, RegistryError> {
        let (logins, key) = (Arc::clone(&self.logins), Arc::clone(&self.key));
        let found = tokio::task::spawn_blocking(move || logins.find(&key)).await;
        found.map_err(|_| self.protocol("credentials"))?.map_err(RegistryError::Helper)
    }

    /// Fetches a token: by a refresh token, by user and password, or as nobody.
    async fn token(
        &self,
        realm: &str,
        service: Option<String>,
        scope: Option<String>,
        who: Option<Credentials>,
    ) -> Result<String, RegistryError> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        scopes.extend(scope.filter(|scope| !scopes.contains(scope)));
        // Over plain HTTP only if the registry itself is spoken to so.
        let is_safe = self.base.starts_with("http://") || realm.starts_with("https://");
        let request = match who.filter(|_| is_safe) {
            Some(Credentials::Identity(token)) => {
                let scope = scopes.join(" ");
                let mut form =
                    vec![("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("scope", &scope)];
                form.push(("refresh_token", &token));
                form.extend(service.as_deref().map(|service| ("service", service)));
                self.http.post(realm).form(&form)
            }
            who => {
                let mut query: Vec<_> = scopes.iter().map(|scope| ("scope", scope.as_str())).collect();
                query.extend(service.as_deref().map(|service| ("service", service)));
                let request = self.http.get(realm).query(&query);
                match who {
                    Some(Credentials::Basic(password)) => {
                        request.header(AUTHORIZATION, format!("Basic {password}"))
                    }
                    _ => request,
                }
            }
        };
        let response = request.send().await.map_err(|error| self.transport(error))?;
        let body = self.bounded(self.succeeded(response).await?, LARGEST_DOCUMENT).await?;
        let token: Option<Token> = serde_json::from_slice(&body).ok();
        token.and_then(|token| token.token.or(token.access_token)).ok_or_else(|| self.protocol("a token"))
    }

    /// The response if it says so, else what the registry says.
    pub(super) async fn succeeded(&self, response: Response) -> Result<Response, RegistryError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.bounded(response, LARGEST_MESSAGE).await.unwrap_or_default();
        Err(RegistryError::status(self.host(), status, message(status, &body)))
    }

    /// A body of a size that memory can take.
    pub(super) async fn bounded(&self, mut response: Response, limit: u64) -> Result<Vec<u8>, RegistryError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport(error))? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > limit {
                return Err(RegistryError::TooLarge { host: self.host().to_owned(), limit });
            }
        }
        Ok(body)
    }

    /// Why there was no answer.
    pub(super) fn transport(&self, error: reqwest::Error) -> RegistryError {
        transport(&self.host, error)
    }

    /// An answer that lacks something.
    pub(super) fn protocol(&self, what: &'static str) -> RegistryError {
        RegistryError::Protocol { host: self.host().to_owned(), what }
    }
}

fn transport(host: &str, error: reqwest::Error) -> RegistryError {
    let limit = if error.is_connect() { CONNECT_LIMIT } else { READ_LIMIT };
    RegistryError::transport(host, limit, error)
}

/// Whether a way works: any answer will do, but not that of a TLS server to one who speaks without.
async fn probe(http: &reqwest::Client, base: &Base, host: &str) -> Result<(), RegistryError> {
    let response = http.get(format!("{}/v2/", base.url)).send().await;
    let response = response.map_err(|error| transport(host, error))?;
    if base.trust == Trust::Plain && response.status() == StatusCode::BAD_REQUEST {
        return Err(RegistryError::status(host, StatusCode::BAD_REQUEST, "it wants TLS".to_owned()));
    }
    Ok(())
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

/// In seconds; a date is taken for none.
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
