//! Devices described by their vendors (Container Device Interface): names to changes of a container.
//!
//! ```text
//! /etc/cdi/*.{yaml,json} ─┐                       names ─┐
//! /var/run/cdi/* ─────────┴─> Registry::read ─> find ────┴─> ContainerEdits ─> edits::resolve ─> Edits
//!   gpus, deploy.….devices ──────────────────> request ──┘
//! ```
//! Specifications are the host's and trusted as its other configuration is: they name programs to run.

mod edits;
mod request;
mod specification;

pub use edits::Edits;

use super::device::DeviceError;
use engine_spec::DeviceAccess;
use specification::{ContainerEdits, Specification};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where specifications lie; those of later folders count before those of earlier ones.
const FOLDERS: [&str; 2] = ["/etc/cdi", "/var/run/cdi"];

/// A device that cannot be described.
#[derive(Debug, thiserror::Error)]
pub enum CdiError {
    /// A specification cannot be read.
    #[error("cannot read the CDI specification {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A specification is malformed.
    #[error("{path} is not a CDI specification")]
    Parse {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_yaml::Error,
    },
    /// No specification has the device.
    #[error("no CDI specification in /etc/cdi or /var/run/cdi describes the device `{0}`")]
    Unknown(String),
    /// Nobody provides what is asked for.
    #[error(
        "no CDI specification in /etc/cdi or /var/run/cdi describes {0}; for NVIDIA's devices, \
         `nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml` writes one"
    )]
    NoProvider(String),
    /// A specification asks for what this engine cannot do.
    #[error("the CDI device `{device}` asks for {wish}, which is not supported")]
    Unsupported {
        /// Its name.
        device: String,
        /// The part of the specification.
        wish: String,
    },
    /// A device node of a specification is missing.
    #[error("the CDI device `{device}` is not there")]
    Node {
        /// Its name.
        device: String,
        /// Why.
        #[source]
        source: DeviceError,
    },
}

/// What the devices asked for by name or by what they can do change in a container.
///
/// # Errors
/// Names the device that is unknown, missing or asks for too much.
pub fn resolve(asked: &DeviceAccess) -> Result<Edits, CdiError> {
    if asked.cdi.is_empty() && asked.requests.is_empty() {
        return Ok(Edits::default());
    }
    let registry = Registry::read(&FOLDERS.map(Path::new))?;
    let mut names = asked.cdi.clone();
    for request in &asked.requests {
        names.extend(request::names(&registry, request)?);
    }
    let mut edits = Edits::default();
    for (name, found) in registry.find_all(&names)? {
        edits.add(&name, found)?;
    }
    Ok(edits)
}

/// Every specification of the host.
#[derive(Debug, Default)]
struct Registry {
    /// The ones that count first come first.
    specifications: Vec<Specification>,
    /// What is wrong with others: of interest only if a device is missing.
    broken: Vec<CdiError>,
}

impl Registry {
    fn read(folders: &[&Path]) -> Result<Self, CdiError> {
        let mut registry = Self::default();
        for folder in folders.iter().rev() {
            let entries = match fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(|source| CdiError::Read { path: folder.to_path_buf(), source })?,
            };
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths.iter().filter(|path| is_specification(path)) {
                match Specification::read(path) {
                    Ok(specification) => registry.specifications.push(specification),
                    Err(error) => registry.broken.push(error),
                }
            }
        }
        Ok(registry)
    }

    /// The edits of each of `names`; what a specification asks for all of its devices comes once.
    fn find_all(mut self, names: &[String]) -> Result<Vec<(String, ContainerEdits)>, CdiError> {
        let mut found = Vec::new();
        let mut entered: Vec<usize> = Vec::new();
        for name in names {
            let Some((index, device)) = self.find(name) else {
                return Err(self.broken.pop().unwrap_or_else(|| CdiError::Unknown(name.clone())));
            };
            if !entered.contains(&index) {
                entered.push(index);
                found.push((name.clone(), self.specifications[index].container_edits.clone()));
            }
            found.push((name.clone(), device));
        }
        Ok(found)
    }

    fn find(&self, name: &str) -> Option<(usize, ContainerEdits)> {
        let (kind, device) = name.split_once('=')?;
        self.specifications.iter().enumerate().find_map(|(index, specification)| {
            let devices = specification.devices.iter().filter(|_| specification.kind == kind);
            let found = devices.into_iter().find(|known| known.name == device)?;
            Some((index, found.container_edits.clone()))
        })
    }

    /// The names of all devices of a kind.
    fn devices(&self, kind: &str) -> Vec<&str> {
        let specifications = self.specifications.iter().filter(|specification| specification.kind == kind);
        specifications
            .flat_map(|specification| specification.devices.iter().map(|device| device.name.as_str()))
            .collect()
    }
}

fn is_specification(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}
