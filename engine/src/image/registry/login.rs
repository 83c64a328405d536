//! Logging in and out: the credentials are tried, then kept where docker would keep them.

use super::client::{Access, Client};
use super::credentials::{Credentials, registry_of, server_key};
use super::helper::{self, HelperError};
use super::{Registries, RegistryError};
use serde_json::{Map, Value, json};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Nobody was logged in or out.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The registry does not let in who asks.
    #[error("cannot log in to {registry}")]
    Refused {
        /// Which.
        registry: String,
        /// Why.
        #[source]
        source: Box<RegistryError>,
    },
    /// The program that keeps credentials failed.
    #[error(transparent)]
    Helper(#[from] HelperError),
    /// There is no folder for `config.json`.
    #[error("cannot find docker's config.json: neither DOCKER_CONFIG nor HOME is set")]
    NoFolder,
    /// `config.json` cannot be changed.
    #[error("cannot {attempt} {path}")]
    File {
        /// `read` or `write`.
        attempt: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `config.json` is no JSON object.
    #[error("{0} is malformed")]
    Malformed(PathBuf),
}

/// Where a login is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// By this program.
    Helper(String),
    /// In this file, readable to whoever may read it.
    File(PathBuf),
}

/// Makes sure that a registry lets in these credentials, or those it has been given before.
///
/// # Errors
/// Says what the registry said.
pub async fn try_login(
    registries: &Registries,
    registry: &str,
    credentials: Option<&Credentials>,
) -> Result<(), LoginError> {
    let check = async {
        let endpoint = registries.push_endpoint(registry);
        let client = Client::connect(&endpoint, "", Access::Login).await?;
        client.log_in(credentials).await
    };
    check
        .await
        .map_err(|source| LoginError::Refused { registry: registry.to_owned(), source: Box::new(source) })
}

/// Keeps a registry's user and password.
///
/// # Errors
/// Says why the helper or the file did not take them.
pub fn keep(registries: &Registries, registry: &str, user: &str, password: &str) -> Result<Kept, LoginError> {
    let server = server_key(registry);
    if let Some(name) = registries.logins().helper(registry) {
        helper::store(name, server, user, password)?;
        change(registries, |auths| {
            auths.insert(server.to_owned(), json!({}));
        })?;
        return Ok(Kept::Helper(name.to_owned()));
    }
    let Credentials::Basic(auth) = Credentials::password(user, password) else {
        return Err(LoginError::NoFolder);
    };
    let path = change(registries, |auths| {
        auths.insert(server.to_owned(), json!({ "auth": auth }));
    })?;
    Ok(Kept::File(path))
}

/// Forgets a registry's credentials; whether there were any.
///
/// # Errors
/// Says why the helper or the file still has them.
pub fn forget(registries: &Registries, registry: &str) -> Result<bool, LoginError> {
    if let Some(name) = registries.logins().helper(registry) {
        helper::erase(name, server_key(registry))?;
    }
    let mut had = false;
    change(registries, |auths| {
        let before = auths.len();
        auths.retain(|key, _| registry_of(key) != registry);
        had = auths.len() < before;
    })?;
    Ok(had)
}

/// Changes `auths` and leaves everything else in the file as it is.
fn change(
    registries: &Registries,
    edit: impl FnOnce(&mut Map<String, Value>),
) -> Result<PathBuf, LoginError> {
    let path = registries.logins().path().ok_or(LoginError::NoFolder)?.to_owned();
    let mut config = match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|_| LoginError::Malformed(path.clone()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
        Err(source) => return Err(LoginError::File { attempt: "read", path, source }),
    };
    let auths = config.entry("auths").or_insert_with(|| json!({}));
    edit(auths.as_object_mut().ok_or_else(|| LoginError::Malformed(path.clone()))?);
    let text = serde_json::to_vec_pretty(&config).map_err(|_| LoginError::Malformed(path.clone()))?;
    match write(&path, &text) {
        Ok(()) => Ok(path),
        Err(source) => Err(LoginError::File { attempt: "write", path, source }),
    }
}

/// For the user's eyes only, and whole or not at all.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let temporary = path.with_extension(format!("json.{}", std::process::id()));
    let _ = fs::remove_file(&temporary);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}
