//! The project: everything the files say together.

use super::{FileObject, Network, Rest, Service, Volume};
use engine_spec::{ProjectName, ServiceName};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::BTreeMap;
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

/// A loaded project. Serializes to what `docker compose config` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Project {
    /// Its name.
    pub name: ProjectName,
    /// Services whose profiles are active, and those without any.
    pub services: BTreeMap<ServiceName, Service>,
    /// Services whose profiles are not active. Naming one on the command line activates it.
    #[serde(skip)]
    pub disabled: BTreeMap<ServiceName, Service>,
    /// Networks, the implicit `default` among them if a service uses it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub networks: BTreeMap<Key, Network>,
    /// Volumes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<Key, Volume>,
    /// Configs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub configs: BTreeMap<Key, FileObject>,
    /// Secrets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<Key, FileObject>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
    /// The folder that relative paths start from.
    #[serde(skip)]
    pub working_dir: PathBuf,
    /// The files it was loaded from, absolute.
    #[serde(skip)]
    pub files: Vec<PathBuf>,
    /// The environment files named on the command line, absolute.
    #[serde(skip)]
    pub environment_files: Vec<PathBuf>,
}

impl Project {
    /// A service by name, active or not.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(name).or_else(|| self.disabled.get(name))
    }

    /// All services by name, active or not.
    pub fn all_services(&self) -> impl Iterator<Item = (&ServiceName, &Service)> {
        self.services.iter().chain(&self.disabled)
    }

    /// The name of the image that a service runs: its `image`, else `<project>-<service>`.
    #[must_use]
    pub fn image_name(&self, name: &ServiceName, service: &Service) -> String {
        service.image.clone().unwrap_or_else(|| format!("{}-{name}", self.name))
    }
}
