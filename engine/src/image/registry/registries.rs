//! Where a registry is, how it is spoken to, and as whom.
//!
//! ```toml
//! # registries.toml in the data folder
//! insecure = ["registry.lan:5000"]     # without TLS; loopback needs no entry
//!
//! [mirrors]
//! "docker.io" = ["http://127.0.0.1:5000", "mirror.example.com"]
//! ```
//! `LIGHTER_REGISTRY_MIRROR` goes before the mirrors of docker.io. Credentials are those that
//! `docker login` left in Docker's `config.json`; they never go to a mirror.

use crate::state::Layout;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

const DOCKER_HUB: &str = "docker.io";
/// Where Docker Hub's API really is.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";
/// What Docker Hub's credentials are filed under.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// A settings file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistriesError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `registries.toml` is malformed.
    #[error("{path} is malformed")]
    Toml {
        /// Which file.
        path: PathBuf,
        /// Where and how.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Docker's `config.json` is malformed.
    #[error("{path} is malformed")]
    Json {
        /// Which file.
        path: PathBuf,
        /// Where and how.
        #[source]
        source: serde_json::Error,
    },
}

/// Mirrors, registries that may be spoken to without TLS, and credentials.
#[derive(Clone, Default)]
pub struct Registries {
    settings: Settings,
    /// By registry: user and password as HTTP's basic scheme has them, in base64.
    credentials: BTreeMap<String, String>,
}

/// Without the credentials, which belong in no log.
impl std::fmt::Debug for Registries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hosts: Vec<_> = self.credentials.keys().collect();
        f.debug_struct("Registries").field("settings", &self.settings).field("credentials", &hosts).finish()
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    mirrors: BTreeMap<String, Vec<String>>,
    insecure: BTreeSet<String>,
}

#[derive(Default, Deserialize)]
struct DockerConfig {
    #[serde(default)]
    auths: BTreeMap<String, DockerAuth>,
}

#[derive(Default, Deserialize)]
struct DockerAuth {
    #[serde(default)]
    auth: Option<String>,
}

/// A place that has images.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// `scheme://host[:port]`
    pub(super) base: String,
    /// `host[:port]`, for people.
    pub(super) host: String,
    /// For HTTP's basic scheme, in base64.
    pub(super) credentials: Option<String>,
}

impl Endpoint {
    /// Whether it is spoken to without TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.base.starts_with("http://")
    }
}

impl Registries {
    /// Reads `registries.toml` in the data folder, `LIGHTER_REGISTRY_MIRROR`, and Docker's
    /// `config.json`; `variable` looks up an environment variable.
    ///
    /// # Errors
    /// Says which file is malformed.
    pub fn load(layout: &Layout, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, RegistriesError> {
        let mut settings: Settings = read_toml(&layout.data().join("registries.toml"))?;
        if let Some(mirror) = variable("LIGHTER_REGISTRY_MIRROR").filter(|mirror| !mirror.is_empty()) {
            settings.mirrors.entry(DOCKER_HUB.to_owned()).or_default().insert(0, mirror);
        }
        let folder = variable("DOCKER_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| Some(Path::new(&variable("HOME")?).join(".docker")));
        let config: DockerConfig =
            folder.map(|folder| read_json(&folder.join("config.json"))).transpose()?.unwrap_or_default();
        let credentials = config
            .auths
            .into_iter()
            .filter_map(|(key, auth)| Some((registry_of(&key), auth.auth.filter(|auth| !auth.is_empty())?)));
        Ok(Self { settings, credentials: credentials.collect() })
    }

    /// Where images of `registry` may be fetched, in the order to try.
    pub(super) fn pull_endpoints(&self, registry: &str) -> Vec<Endpoint> {
        let mirrors = self.settings.mirrors.get(registry).into_iter().flatten();
        let mut endpoints: Vec<Endpoint> = mirrors.map(|mirror| self.endpoint(mirror, None)).collect();
        endpoints.push(self.push_endpoint(registry));
        endpoints
    }

    /// The registry itself.
    pub(super) fn push_endpoint(&self, registry: &str) -> Endpoint {
        let host = if registry == DOCKER_HUB { DOCKER_HUB_HOST } else { registry };
        self.endpoint(host, self.credentials.get(registry).cloned())
    }

    /// `text` is a host, or a URL that says how to speak to it.
    fn endpoint(&self, text: &str, credentials: Option<String>) -> Endpoint {
        let text = text.trim_end_matches('/');
        if let Some((_, host)) = text.split_once("://") {
            return Endpoint { base: text.to_owned(), host: host.to_owned(), credentials };
        }
        let is_plain = is_loopback(text) || self.settings.insecure.contains(text);
        let scheme = if is_plain { "http" } else { "https" };
        Endpoint { base: format!("{scheme}://{text}"), host: text.to_owned(), credentials }
    }
}

/// Whether `host[:port]` is this machine, where nobody listens in.
fn is_loopback(host: &str) -> bool {
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = without_port.trim_start_matches('[').trim_end_matches(']');
    address == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Docker files credentials under hosts and, from older times, under URLs.
fn registry_of(key: &str) -> String {
    if key == DOCKER_HUB_KEY {
        return DOCKER_HUB.to_owned();
    }
    let host = key.split_once("://").map_or(key, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host);
    if host == "index.docker.io" { DOCKER_HUB.to_owned() } else { host.to_owned() }
}

fn read(path: &Path) -> Result<Option<String>, RegistriesError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(RegistriesError::Read { path: path.to_owned(), source }),
    }
}

fn read_toml<T: DeserializeOwned + Default>(path: &Path) -> Result<T, RegistriesError> {
    let Some(text) = read(path)? else { return Ok(T::default()) };
    toml::from_str(&text)
        .map_err(|source| RegistriesError::Toml { path: path.to_owned(), source: Box::new(source) })
}

fn read_json<T: DeserializeOwned + Default>(path: &Path) -> Result<T, RegistriesError> {
    let Some(text) = read(path)? else { return Ok(T::default()) };
    serde_json::from_str(&text).map_err(|source| RegistriesError::Json { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, docker: &str, mirror: Option<&str>) -> Registries {
        let folder = std::env::temp_dir().join(format!("lighter-registries-{}", std::process::id()));
        let layout = Layout::at(&folder);
        fs::create_dir_all(layout.data()).expect("created");
        fs::write(layout.data().join("registries.toml"), toml).expect("written");
        fs::write(folder.join("config.json"), docker).expect("written");
        let variable = |name: &str| match name {
            "LIGHTER_REGISTRY_MIRROR" => mirror.map(str::to_owned),
            "DOCKER_CONFIG" => folder.to_str().map(str::to_owned),
            _ => None,
        };
        let registries = Registries::load(&layout, &variable).expect("loaded");
        fs::remove_dir_all(&folder).expect("removed");
        registries
    }

    fn bases(endpoints: &[Endpoint]) -> Vec<&str> {
        endpoints.iter().map(|endpoint| endpoint.base.as_str()).collect()
    }

    #[test]
    fn settings_and_credentials_are_found() {
        let registries = load(
            "insecure = [\"lan:5000\"]\n[mirrors]\n\"docker.io\" = [\"https://m.example/\"]\n",
            r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"},"https://ghcr.io/v2/":{"auth":"eDp5"},"e":{}}}"#,
            Some("127.0.0.1:5000"),
        );
        let hub = registries.pull_endpoints("docker.io");
        let expected = ["http://127.0.0.1:5000", "https://m.example", "https://registry-1.docker.io"];
        assert_eq!(bases(&hub), expected);
        assert_eq!((hub[0].credentials.as_deref(), hub[2].credentials.as_deref()), (None, Some("dTpw")));
        assert_eq!(registries.push_endpoint("ghcr.io").credentials.as_deref(), Some("eDp5"));
        assert_eq!(bases(&registries.pull_endpoints("lan:5000")), ["http://lan:5000"]);
        assert!(!format!("{registries:?}").contains("dTpw"), "credentials stay out of logs");
    }

    #[test]
    fn only_loopback_is_spoken_to_without_tls() {
        for host in ["localhost", "localhost:5000", "127.0.0.1", "127.1.2.3:80", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example:5000", "10.0.0.1:5000", "example", "127.0.0.1.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
