//! As whom registries are spoken to: what `login` and `docker login` have left.
//!
//! | Where | What |
//! |---|---|
//! | `DOCKER_AUTH_CONFIG` | a `config.json` in the environment; what it lacks is looked for further on |
//! | `config.json`: `credHelpers` | the program that keeps one registry's credentials |
//! | `config.json`: `credsStore` | the program that keeps all others |
//! | `config.json`: `auths` | user and password in base64, or a token |
//! | `$XDG_RUNTIME_DIR/containers/auth.json` | the same, of podman's family |
//!
//! Secrets have no `Debug`, go to no log, and to no registry but their own. Programs are asked only
//! when a registry wants to know who asks.

use super::helper::{self, HelperError};
use super::registries::{RegistriesError, read_json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What Docker Hub's credentials are filed under.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";
const DOCKER_HUB: &str = "docker.io";

/// What a registry is shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// User and password, as HTTP's basic scheme has them.
    Basic(String),
    /// A token to get tokens by (OAuth 2, `refresh_token`).
    Identity(String),
    /// A token to be shown as it is.
    Registry(String),
}

impl Credentials {
    /// User and password.
    #[must_use]
    pub fn password(user: &str, password: &str) -> Self {
        Self::Basic(STANDARD.encode(format!("{user}:{password}")))
    }
}

/// Docker's `config.json`, as far as it tells who we are.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DockerConfig {
    auths: BTreeMap<String, DockerAuth>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DockerAuth {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl DockerConfig {
    /// The program that keeps a registry's credentials.
    fn helper(&self, registry: &str) -> Option<&str> {
        let own = self.cred_helpers.get(server_key(registry)).or_else(|| self.cred_helpers.get(registry));
        own.or(self.creds_store.as_ref()).map(String::as_str).filter(|name| !name.is_empty())
    }
}

impl DockerAuth {
    fn credentials(&self) -> Option<Credentials> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        given(&self.identitytoken)
            .map(Credentials::Identity)
            .or_else(|| given(&self.registrytoken).map(Credentials::Registry))
            .or_else(|| given(&self.auth).map(Credentials::Basic))
            .or_else(|| Some(Credentials::password(&given(&self.username)?, &given(&self.password)?)))
    }
}

/// All logins of the user.
#[derive(Default)]
pub struct Logins {
    configs: Vec<DockerConfig>,
    path: Option<PathBuf>,
}

/// The hosts alone.
impl std::fmt::Debug for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.configs.iter().flat_map(|config| config.auths.keys())).finish()
    }
}

impl Logins {
    /// Reads the files that the environment leads to.
    pub(super) fn load(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, RegistriesError> {
        let mut configs = Vec::new();
        if let Some(text) = variable("DOCKER_AUTH_CONFIG").filter(|text| !text.trim().is_empty()) {
            configs.push(serde_json::from_str(&text).map_err(RegistriesError::Variable)?);
        }
        let path = config_path(variable);
        if let Some(path) = &path {
            configs.push(read_json(path)?);
        }
        if let Some(folder) = variable("XDG_RUNTIME_DIR") {
            configs.push(read_json(&Path::new(&folder).join("containers/auth.json"))?);
        }
        Ok(Self { configs, path })
    }

    /// Docker's `config.json` of this user.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// As whom a registry is spoken to, if not as nobody. May run a program, which takes its time.
    pub(super) fn find(&self, registry: &str) -> Result<Option<Credentials>, HelperError> {
        for config in &self.configs {
            if let Some(helper) = config.helper(registry) {
                if let Some(found) = helper::get(helper, server_key(registry))? {
                    return Ok(Some(found));
                }
                continue;
            }
            let exact = config.auths.get(server_key(registry));
            let of_host =
                || config.auths.iter().find(|(key, _)| registry_of(key) == registry).map(|(_, auth)| auth);
            if let Some(found) = exact.or_else(of_host).and_then(DockerAuth::credentials) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The program that keeps a registry's credentials, if one does.
    #[must_use]
    pub fn helper(&self, registry: &str) -> Option<&str> {
        self.configs.iter().find_map(|config| config.helper(registry))
    }
}

fn config_path(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let folder = variable("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(Path::new(&variable("HOME")?).join(".docker")))?;
    Some(folder.join("config.json"))
}

/// What docker files a registry's credentials under.
pub(super) fn server_key(registry: &str) -> &str {
    if registry == DOCKER_HUB { DOCKER_HUB_KEY } else { registry }
}

/// Docker files credentials under hosts and, from older times, under URLs.
pub(super) fn registry_of(key: &str) -> &str {
    let host = key.split_once("://").map_or(key, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host);
    if matches!(host, "index.docker.io" | "registry-1.docker.io") { DOCKER_HUB } else { host }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logins(environment: &str, config: &str) -> Logins {
        let parse = |text: &str| serde_json::from_str(text).expect("JSON");
        Logins { configs: vec![parse(environment), parse(config)], path: None }
    }

    fn check(logins: &Logins, registry: &str, expected: Option<Credentials>) {
        assert!(logins.find(registry).expect("no helper") == expected, "{registry}");
    }

    #[test]
    fn logins_are_found_under_every_key_docker_uses() {
        let basic = |text: &str| Some(Credentials::Basic(text.to_owned()));
        let logins = logins(
            r#"{"auths":{"env.example":{"auth":"ZTp2"}}}"#,
            r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"},"https://ghcr.io/v2/":{"auth":"eDp5"},
                "e":{}, "plain.example:5000":{"username":"u","password":"p"},
                "id.example":{"auth":"","identitytoken":"t"},"token.example":{"registrytoken":"r"}}}"#,
        );
        check(&logins, "docker.io", basic("dTpw"));
        check(&logins, "ghcr.io", basic("eDp5"));
        check(&logins, "env.example", basic("ZTp2"));
        check(&logins, "plain.example:5000", basic("dTpw"));
        check(&logins, "id.example", Some(Credentials::Identity("t".into())));
        check(&logins, "token.example", Some(Credentials::Registry("r".into())));
        check(&logins, "e", None);
        check(&logins, "ghcr.io.evil.example", None);
        assert!(!format!("{logins:?}").contains("dTpw"), "credentials stay out of logs");
    }
}
