//! What a registry is shown: a token that is fetched for it, or user and password.
//!
//! Tokens run out, and a registry says so by asking again: whatever it refuses with 401 is tried once
//! more with a new one.

use super::{Connection, LARGEST_DOCUMENT};
use crate::image::registry::authorization::Challenge;
use crate::image::registry::credentials::Credentials;
use crate::image::registry::error::RegistryError;
use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde::Deserialize;
use std::sync::{Arc, PoisonError};

/// What token servers know us as.
const CLIENT_ID: &str = "lighter";

/// Where a token is to be had, as the registry says it.
struct Realm {
    url: String,
    service: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

impl Connection {
    /// Gets what the registry wants to see, as `who` or as the user is known to it; whether there is
    /// something new to show.
    pub(in crate::image::registry) async fn authorize(
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
                format!("Bearer {}", self.token(Realm { url: realm, service, scope }, who).await?)
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

    async fn token(&self, realm: Realm, who: Option<Credentials>) -> Result<String, RegistryError> {
        // Over plain HTTP only if the registry itself is spoken to so.
        let is_safe = self.base().starts_with("http://") || realm.url.starts_with("https://");
        let request = self.ask_for_token(realm, who.filter(|_| is_safe));
        let response = self.succeeded(self.execute(request).await?).await?;
        let body = self.bounded(response, LARGEST_DOCUMENT).await?;
        let token: Option<Token> = serde_json::from_slice(&body).ok();
        let token = token.and_then(|token| token.token.or(token.access_token));
        token.ok_or_else(|| self.protocol("a token"))
    }

    /// By a refresh token (OAuth 2), by user and password, or as nobody (distribution, token specification).
    fn ask_for_token(&self, realm: Realm, who: Option<Credentials>) -> RequestBuilder {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        scopes.extend(realm.scope.filter(|scope| !scopes.contains(scope)));
        let mut fields: Vec<(&str, &str)> = Vec::new();
        fields.extend(realm.service.as_deref().map(|service| ("service", service)));
        if let Some(Credentials::Identity(token)) = &who {
            let scope = scopes.join(" ");
            fields.extend([("grant_type", "refresh_token"), ("client_id", CLIENT_ID)]);
            fields.extend([("refresh_token", token.as_str()), ("scope", &scope)]);
            return self.http().post(realm.url).form(&fields);
        }
        fields.extend(scopes.iter().map(|scope| ("scope", scope.as_str())));
        let request = self.http().get(realm.url).query(&fields);
        match who {
            Some(Credentials::Basic(password)) => request.header(AUTHORIZATION, format!("Basic {password}")),
            _ => request,
        }
    }
}
