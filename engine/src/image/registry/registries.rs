//! Where a registry is, how it is spoken to, and as whom.
//!
//! ```toml
//! # registries.toml in the data folder; docs/registries.md
//! insecure = ["registry.lan:5000", "10.0.0.0/8"]
//! largest-layer = 274877906944
//! largest-ratio = 2000
//! largest-request = 33554432
//! patience = 30
//!
//! [mirrors]
//! "docker.io" = ["http://127.0.0.1:5000", "mirror.example.com"]
//! ```
//! `LIGHTER_REGISTRY_MIRROR` goes before the mirrors of docker.io; `registry-mirrors` and
//! `insecure-registries` of Docker's daemon.json come after what is said here.

use super::credentials::Logins;
use super::endpoint::{Base, Endpoint, LARGEST_REQUEST, PATIENCE, Trust, is_loopback};
use crate::image::layer::Limits;
use crate::state::Layout;
use ipnet::IpNet;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const DOCKER_HUB: &str = "docker.io";
/// Where Docker Hub's API really is.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";
/// The settings of a Docker daemon, and its certificates by registry.
const DOCKER_SETTINGS: &str = "/etc/docker";

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
    /// `DOCKER_AUTH_CONFIG` is malformed.
    #[error("DOCKER_AUTH_CONFIG is malformed")]
    Variable(#[source] serde_json::Error),
}

/// Mirrors, registries that may be spoken to without TLS, and logins.
#[derive(Debug, Clone, Default)]
pub struct Registries {
    settings: Settings,
    logins: Arc<Logins>,
    /// Folders that have a folder of certificates per registry.
    certificates: Vec<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    mirrors: BTreeMap<String, Vec<String>>,
    insecure: BTreeSet<String>,
    largest_layer: Option<u64>,
    largest_ratio: Option<u64>,
    largest_request: Option<NonZeroU64>,
    #[serde(deserialize_with = "seconds")]
    patience: Option<Duration>,
}

/// What counts of Docker's daemon.json.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct DaemonSettings {
    registry_mirrors: Vec<String>,
    insecure_registries: Vec<String>,
}

impl Registries {
    /// Reads `registries.toml` in the data folder, `LIGHTER_REGISTRY_MIRROR`, Docker's daemon.json and
    /// the user's logins; `variable` looks up an environment variable.
    ///
    /// # Errors
    /// Says which file is malformed.
    pub fn load(layout: &Layout, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, RegistriesError> {
        Self::load_beside(layout, variable, Path::new(DOCKER_SETTINGS))
    }

    fn load_beside(
        layout: &Layout,
        variable: &dyn Fn(&str) -> Option<String>,
        docker: &Path,
    ) -> Result<Self, RegistriesError> {
        let mut settings: Settings = read_toml(&layout.data().join("registries.toml"))?;
        let daemon: DaemonSettings = read_json(&docker.join("daemon.json"))?;
        let mirrors = settings.mirrors.entry(DOCKER_HUB.to_owned()).or_default();
        if let Some(mirror) = variable("LIGHTER_REGISTRY_MIRROR").filter(|mirror| !mirror.is_empty()) {
            mirrors.insert(0, mirror);
        }
        mirrors.extend(daemon.registry_mirrors);
        settings.insecure.extend(daemon.insecure_registries);
        let logins = Arc::new(Logins::load(variable)?);
        let certificates = vec![layout.data().join("certs.d"), docker.join("certs.d")];
        Ok(Self { settings, logins, certificates })
    }

    /// What a layer may unpack to.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let limits = Limits::default();
        Limits {
            bytes: self.settings.largest_layer.unwrap_or(limits.bytes),
            ratio: self.settings.largest_ratio.unwrap_or(limits.ratio),
            ..limits
        }
    }

    /// The user's logins.
    #[must_use]
    pub fn logins(&self) -> &Logins {
        &self.logins
    }

    /// Where images of `registry` may be fetched, in the order to try.
    pub(super) fn pull_endpoints(&self, registry: &str) -> Vec<Endpoint> {
        let mirrors = self.settings.mirrors.get(registry).into_iter().flatten();
        // A mirror is known by its own name, so it never sees what the registry itself is shown.
        let mirror =
            |text: &String| Endpoint { namespace: Some(registry.to_owned()), ..self.endpoint(text, None) };
        let mut endpoints: Vec<Endpoint> = mirrors.map(mirror).collect();
        endpoints.push(self.push_endpoint(registry));
        endpoints
    }

    /// The registry itself.
    pub(super) fn push_endpoint(&self, registry: &str) -> Endpoint {
        let host = if registry == DOCKER_HUB { DOCKER_HUB_HOST } else { registry };
        self.endpoint(host, Some(registry))
    }

    /// `text` is a host, or a URL that says how to speak to it; `key` is what its logins are filed under.
    fn endpoint(&self, text: &str, key: Option<&str>) -> Endpoint {
        let text = text.trim_end_matches('/');
        let host = text.split_once("://").map_or(text, |(_, host)| host);
        let certificates: Vec<PathBuf> = self
            .certificates
            .iter()
            .map(|folder| folder.join(host))
            .filter(|folder| folder.is_dir())
            .collect();
        let bases = match text.split_once("://") {
            Some(_) => vec![Base::of_url(text)],
            None => self
                .ways(host, !certificates.is_empty())
                .iter()
                .map(|trust| Base::of_host(host, *trust))
                .collect(),
        };
        Endpoint {
            host: host.to_owned(),
            bases,
            key: key.unwrap_or(host).to_owned(),
            logins: Arc::clone(&self.logins),
            certificates,
            namespace: None,
            patience: self.settings.patience.unwrap_or(PATIENCE),
            largest_request: self.settings.largest_request.unwrap_or(LARGEST_REQUEST),
        }
    }

    /// TLS, unless the host is this machine, or may be spoken to otherwise.
    fn ways(&self, host: &str, has_certificates: bool) -> &'static [Trust] {
        if has_certificates {
            &[Trust::Tls]
        } else if is_loopback(host) {
            &[Trust::Plain, Trust::AnyCertificate]
        } else if self.is_insecure(host) {
            &[Trust::AnyCertificate, Trust::Plain]
        } else {
            &[Trust::Tls]
        }
    }

    /// By its name, or as an address of a network that is listed.
    fn is_insecure(&self, host: &str) -> bool {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let address: Option<IpAddr> = name.trim_matches(['[', ']']).parse().ok();
        let is_within = |network: &String| {
            address.is_some_and(|address| {
                network.parse::<IpNet>().is_ok_and(|network| network.contains(&address))
            })
        };
        let listed = &self.settings.insecure;
        listed.contains(host) || listed.contains(name) || listed.iter().any(is_within)
    }
}

/// `30` or `0.5`.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    let duration = Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero());
    duration.map(Some).ok_or_else(|| D::Error::custom("it must be a number of seconds above zero"))
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

/// Reads a JSON file; one that is not there says nothing.
pub(super) fn read_json<T: DeserializeOwned + Default>(path: &Path) -> Result<T, RegistriesError> {
    let Some(text) = read(path)? else { return Ok(T::default()) };
    serde_json::from_str(&text).map_err(|source| RegistriesError::Json { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, daemon: &str, mirror: Option<&str>) -> Registries {
        let folder = std::env::temp_dir().join(format!("lighter-registries-{}", std::process::id()));
        let layout = Layout::at(&folder);
        fs::create_dir_all(layout.data()).expect("created");
        fs::write(layout.data().join("registries.toml"), toml).expect("written");
        fs::write(folder.join("daemon.json"), daemon).expect("written");
        let variable = |name: &str| mirror.filter(|_| name == "LIGHTER_REGISTRY_MIRROR").map(str::to_owned);
        let registries = Registries::load_beside(&layout, &variable, &folder).expect("loaded");
        fs::remove_dir_all(&folder).expect("removed");
        registries
    }

    fn ways(endpoints: &[Endpoint]) -> Vec<String> {
        let bases = endpoints.iter().flat_map(|endpoint| &endpoint.bases);
        bases.map(|base| format!("{} {:?}", base.url, base.trust)).collect()
    }

    #[test]
    fn settings_say_where_and_how_a_registry_is_spoken_to() {
        let registries = load(
            "insecure = [\"lan:5000\"]\nlargest-layer = 1000\n[mirrors]\n\"docker.io\" = [\"https://m.example/\"]\n",
            r#"{"registry-mirrors":["https://d.example/"],"insecure-registries":["10.1.0.0/16"],"debug":true}"#,
            Some("127.0.0.1:5000"),
        );
        let hub = registries.pull_endpoints("docker.io");
        let expected = [
            "http://127.0.0.1:5000 Plain",
            "https://127.0.0.1:5000 AnyCertificate",
            "https://m.example Tls",
            "https://d.example Tls",
            "https://registry-1.docker.io Tls",
        ];
        assert_eq!(ways(&hub), expected);
        let keys: Vec<_> = hub.iter().map(|endpoint| endpoint.key.as_str()).collect();
        assert_eq!(
            keys,
            ["127.0.0.1:5000", "m.example", "d.example", "docker.io"],
            "logins go to their own only"
        );
        for insecure in ["lan:5000", "10.1.2.3:5000"] {
            let ways = ways(&registries.pull_endpoints(insecure));
            assert_eq!(
                ways,
                [format!("https://{insecure} AnyCertificate"), format!("http://{insecure} Plain")]
            );
        }
        for secure in ["lan", "10.2.0.1:5000", "example.com"] {
            assert_eq!(ways(&registries.pull_endpoints(secure)), [format!("https://{secure} Tls")]);
        }
        assert_eq!(registries.limits().bytes, 1000);
    }
}
