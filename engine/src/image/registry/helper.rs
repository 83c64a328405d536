//! Programs that keep credentials: `docker-credential-<name>` on the path (docker-credential-helpers).
//!
//! | Verb | stdin | stdout |
//! |---|---|---|
//! | `get` | server | `{"ServerURL":…,"Username":…,"Secret":…}` |
//! | `store` | the same object | nothing |
//! | `erase` | server | nothing |

use super::credentials::Credentials;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::process::{Command, Stdio};

/// The user name that stands for "the secret is an identity token".
const TOKEN_USER: &str = "<token>";
/// What a helper says of a server it knows nothing of.
const NOT_FOUND: &str = "credentials not found";
/// No message of a helper is shown at more length.
const LONGEST_MESSAGE: usize = 200;

/// A program that keeps credentials did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum HelperError {
    /// It could not be run.
    #[error("cannot run docker-credential-{name}, which config.json has for credentials")]
    Run {
        /// Its name in `config.json`.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It failed.
    #[error("docker-credential-{name} cannot {verb} the credentials of {server}: {message}")]
    Failed {
        /// Its name in `config.json`.
        name: String,
        /// What it was to do.
        verb: &'static str,
        /// For which registry.
        server: String,
        /// In its words.
        message: String,
    },
    /// It said something that is no credentials.
    #[error("docker-credential-{name} gave no credentials that can be read")]
    Answer {
        /// Its name in `config.json`.
        name: String,
    },
    /// Its name would lead elsewhere.
    #[error("`{0}` is not the name of a credential helper")]
    Name(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Kept {
    #[serde(rename = "ServerURL", default)]
    server: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

/// Asks for a server's credentials; `None` if the program has none.
pub(super) fn get(name: &str, server: &str) -> Result<Option<Credentials>, HelperError> {
    let answer = match run(name, "get", server, server.as_bytes()) {
        Err(HelperError::Failed { message, .. }) if message.contains(NOT_FOUND) => return Ok(None),
        answer => answer?,
    };
    let kept: Kept =
        serde_json::from_slice(&answer).map_err(|_| HelperError::Answer { name: name.to_owned() })?;
    Ok(match kept.username.as_str() {
        TOKEN_USER => Some(Credentials::Identity(kept.secret)),
        "" if kept.secret.is_empty() => None,
        user => Some(Credentials::password(user, &kept.secret)),
    })
}

/// Has a user's secret kept.
pub(super) fn store(name: &str, server: &str, user: &str, secret: &str) -> Result<(), HelperError> {
    let kept = Kept { server: server.to_owned(), username: user.to_owned(), secret: secret.to_owned() };
    let text = serde_json::to_vec(&kept).map_err(|_| HelperError::Answer { name: name.to_owned() })?;
    run(name, "store", server, &text).map(drop)
}

/// Has a server's credentials forgotten.
pub(super) fn erase(name: &str, server: &str) -> Result<(), HelperError> {
    match run(name, "erase", server, server.as_bytes()) {
        Err(HelperError::Failed { message, .. }) if message.contains(NOT_FOUND) => Ok(()),
        result => result.map(drop),
    }
}

fn run(name: &str, verb: &'static str, server: &str, input: &[u8]) -> Result<Vec<u8>, HelperError> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(HelperError::Name(name.to_owned()));
    }
    let output =
        talk(name, verb, input).map_err(|source| HelperError::Run { name: name.to_owned(), source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    // Helpers say what is wrong on stdout.
    let said = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
    let message: String = String::from_utf8_lossy(said).trim().chars().take(LONGEST_MESSAGE).collect();
    let (name, server) = (name.to_owned(), server.to_owned());
    Err(HelperError::Failed { name, verb, server, message: message.escape_debug().to_string() })
}

fn talk(name: &str, verb: &str, input: &[u8]) -> io::Result<std::process::Output> {
    let mut child = Command::new(format!("docker-credential-{name}"))
        .arg(verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read has its reasons, and tells them.
        let _ = stdin.write_all(input);
    }
    child.wait_with_output()
}
