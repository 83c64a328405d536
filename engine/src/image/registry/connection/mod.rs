//! Requests to one repository at one endpoint, tried again where that may help.

mod answer;
mod token;

use super::credentials::Logins;
use super::endpoint::{Base, CONNECT_LIMIT, Endpoint, Trust};
use super::error::{RegistryError, one_line};
use answer::retry_after;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Waiting times before a failed request is sent again.
const BACK_OFF: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];
/// A registry that wants more patience gets none.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Manifests and configurations are kilobytes.
pub(super) const LARGEST_DOCUMENT: u64 = 8 << 20;

/// A way to a registry that works. Clones share the connection and the authorization.
#[derive(Clone)]
pub(super) struct Connection {
    http: reqwest::Client,
    host: Arc<str>,
    base: Arc<str>,
    key: Arc<str>,
    logins: Arc<Logins>,
    /// What goes with each request, as a mirror wants it.
    namespace: Option<Arc<str>>,
    /// How long nothing may move.
    patience: Duration,
    largest_request: u64,
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
            let connection = Self::over(endpoint.client(base)?, base, endpoint, scopes.clone());
            match if is_only { Ok(()) } else { connection.probe(base.trust).await } {
                Ok(()) => return Ok(connection),
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
            namespace: endpoint.namespace.as_deref().map(Into::into),
            patience: endpoint.patience,
            largest_request: endpoint.largest_request.get(),
            scopes: Arc::new(Mutex::new(scopes)),
            authorization: Arc::default(),
        }
    }

    /// Whether a way works: any answer will do, but not that of a TLS server to one who speaks without.
    async fn probe(&self, trust: Trust) -> Result<(), RegistryError> {
        let response = self.execute(self.http.get(format!("{}/v2/", self.base))).await?;
        if trust == Trust::Plain && response.status() == StatusCode::BAD_REQUEST {
            let why = "it wants TLS".to_owned();
            return Err(RegistryError::status(&self.host, StatusCode::BAD_REQUEST, why));
        }
        Ok(())
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

    /// How long nothing may move before the connection counts as dead.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// The most bytes of a blob that one request sends.
    pub(super) fn largest_request(&self) -> u64 {
        self.largest_request
    }

    /// The registry that a mirror is asked for, where it must be told (`?ns=`).
    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
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
        let mut response = self.execute(self.authorized(request())).await?;
        if response.status() == StatusCode::UNAUTHORIZED && self.authorize(response.headers(), None).await? {
            response = self.execute(self.authorized(request())).await?;
        }
        let asked_for = retry_after(response.headers(), SystemTime::now());
        self.succeeded(response).await.map_err(|error| Failure { error, asked_for })
    }

    /// Sends a request once, with the authorization that there is: its body cannot be sent again.
    ///
    /// There is no limit: who sends a body knows whether it moves.
    pub(super) async fn send_body(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        let response = self.authorized(request).send().await.map_err(|error| self.transport(error))?;
        self.succeeded(response).await
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        let authorization = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        }
    }

    /// Sends a request as it is and waits for the answer's head.
    pub(super) async fn execute(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        let answer = self.within(request.send()).await?;
        answer.map_err(|error| self.transport(error))
    }

    /// Waits for something that must come before patience ends.
    pub(super) async fn within<T>(&self, future: impl Future<Output = T>) -> Result<T, RegistryError> {
        tokio::time::timeout(self.patience, future).await.map_err(|_| self.timed_out())
    }

    /// Nothing has moved for too long.
    pub(super) fn timed_out(&self) -> RegistryError {
        RegistryError::Timeout { host: self.host().to_owned(), limit: self.patience }
    }

    /// Why there was no answer.
    pub(super) fn transport(&self, error: reqwest::Error) -> RegistryError {
        RegistryError::transport(&self.host, CONNECT_LIMIT, error)
    }

    /// An answer that lacks something.
    pub(super) fn protocol(&self, what: &'static str) -> RegistryError {
        RegistryError::Protocol { host: self.host().to_owned(), what }
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
