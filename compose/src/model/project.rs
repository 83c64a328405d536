//! The project: everything the files say together.

use super::{Attachment, FileObject, Network, Places, Rest, Service, Volume};
use engine_spec::{ProjectName, ServiceName};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

/// The name of an element within a top-level section of the file, not its real name on the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// Takes the text as it stands in the file.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A loaded project. Serializes to what `docker compose config` prints: active services, and what they use.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Its name.
    pub name: ProjectName,
    /// Services whose profiles are active, and those without any.
    pub services: BTreeMap<ServiceName, Service>,
    /// Services whose profiles are not active. Naming one on the command line activates it.
    pub disabled: BTreeMap<ServiceName, Service>,
    /// Networks, the implicit `default` among them if a service uses it.
    pub networks: BTreeMap<Key, Network>,
    /// Volumes.
    pub volumes: BTreeMap<Key, Volume>,
    /// Configs.
    pub configs: BTreeMap<Key, FileObject>,
    /// Secrets.
    pub secrets: BTreeMap<Key, FileObject>,
    /// `x-` extensions.
    pub rest: Rest,
    /// What stands between the parts of the names of containers and images: `-`, or `_` for
    /// `--compatibility`.
    pub separator: char,
    /// The folder that relative paths start from.
    pub working_dir: PathBuf,
    /// The files it was loaded from, absolute.
    pub files: Vec<PathBuf>,
    /// The environment files named on the command line, absolute.
    pub environment_files: Vec<PathBuf>,
    /// The variables its files see: those of the process, and of `.env` files below them.
    pub environment: BTreeMap<String, String>,
    /// Where its attributes stand.
    pub places: Places,
}

impl Project {
    /// A service by name, active or not.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(name).or_else(|| self.disabled.get(name))
    }

    /// A service by name with the project's own copy of the name, active or not.
    #[must_use]
    pub fn service_entry(&self, name: &str) -> Option<(&ServiceName, &Service)> {
        self.services.get_key_value(name).or_else(|| self.disabled.get_key_value(name))
    }

    /// All services by name, active or not.
    pub fn all_services(&self) -> impl Iterator<Item = (&ServiceName, &Service)> {
        self.services.iter().chain(&self.disabled)
    }

    /// The name of the image that a service runs: its `image`, else `<project>-<service>`.
    #[must_use]
    pub fn image_name(&self, name: &ServiceName, service: &Service) -> String {
        service.image.clone().unwrap_or_else(|| format!("{}{}{name}", self.name, self.separator))
    }

    /// The elements of a section that an active service uses.
    fn used<'a, T>(
        &'a self,
        section: &'a BTreeMap<Key, T>,
        keys: impl Fn(&'a Service) -> Vec<&'a str>,
    ) -> BTreeMap<&'a Key, &'a T> {
        let used: BTreeSet<&str> = self.services.values().flat_map(keys).collect();
        section.iter().filter(|(key, _)| used.contains(key.as_str())).collect()
    }
}

impl Serialize for Project {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("services", &self.services)?;
        entry(
            &mut map,
            "networks",
            &self.used(&self.networks, |s| s.networks.keys().map(Key::as_str).collect()),
        )?;
        entry(&mut map, "volumes", &self.used(&self.volumes, Service::volume_keys))?;
        entry(&mut map, "configs", &self.used(&self.configs, |s| sources(&s.configs)))?;
        entry(&mut map, "secrets", &self.used(&self.secrets, Service::secret_keys))?;
        for (key, value) in &self.rest {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

fn sources(attachments: &[Attachment]) -> Vec<&str> {
    attachments.iter().map(|attachment| attachment.source.as_str()).collect()
}

/// Writes a section unless it is empty.
fn entry<M: SerializeMap, T: Serialize>(
    map: &mut M,
    key: &str,
    section: &BTreeMap<&Key, T>,
) -> Result<(), M::Error> {
    if section.is_empty() { Ok(()) } else { map.serialize_entry(key, section) }
}
