//! Answers: success or the registry's own words, bodies within limits, and when to come back.

use super::Connection;
use crate::calendar::http_date;
use crate::image::registry::error::RegistryError;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use std::ops::Deref;
use std::time::{Duration, SystemTime};

/// No error message is longer.
const LARGEST_MESSAGE: u64 = 4 << 10;

impl Connection {
    /// The response if it says so, else what the registry says.
    pub(in crate::image::registry) async fn succeeded(
        &self,
        response: Response,
    ) -> Result<Response, RegistryError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.bounded(response, LARGEST_MESSAGE).await.unwrap_or_default();
        Err(RegistryError::status(self.host(), status, message(status, &body)))
    }

    /// The next bytes of a body; none at its end.
    pub(in crate::image::registry) async fn chunk(
        &self,
        response: &mut Response,
    ) -> Result<Option<impl Deref<Target = [u8]> + use<>>, RegistryError> {
        self.within(response.chunk()).await?.map_err(|error| self.transport(error))
    }

    /// A body of a size that memory can take.
    pub(in crate::image::registry) async fn bounded(
        &self,
        mut response: Response,
        limit: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk(&mut response).await? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > limit {
                return Err(RegistryError::TooLarge { host: self.host().to_owned(), limit });
            }
        }
        Ok(body)
    }
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

/// How long to wait: so many seconds, or until a date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let until = || Some(http_date(text)?.duration_since(now).unwrap_or_default());
    text.parse().map(Duration::from_secs).ok().or_else(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn the_registrys_words_are_quoted() {
        let body = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}"#;
        assert_eq!(message(StatusCode::NOT_FOUND, body), "manifest unknown (MANIFEST_UNKNOWN)");
        assert_eq!(message(StatusCode::BAD_GATEWAY, b"<html>"), "Bad Gateway");
    }

    #[test]
    fn a_registry_says_when_to_come_back_in_seconds_or_by_a_date() {
        let now = http_date("Sat, 21 Nov 2026 04:00:00 GMT").expect("a date");
        let check = |text: &'static str, seconds: Option<u64>| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{text}");
        };
        check("7", Some(7));
        check("Sat, 21 Nov 2026 04:00:30 GMT", Some(30));
        check("Sat, 21 Nov 2026 03:00:00 GMT", Some(0));
        check("soon", None);
    }
}
