//! Why no plan can be made.

use super::attribute::AttributeError;
use engine_spec::{ContainerName, ProjectName, ServiceName};
use std::path::PathBuf;

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// An external network is missing.
    #[error("network {0} declared as external, but could not be found")]
    ExternalNetworkMissing(String),
    /// An external volume is missing.
    #[error("volume {0} declared as external, but could not be found")]
    ExternalVolumeMissing(String),
    /// A network's definition means nothing to the engine.
    #[error("cannot make network {network}")]
    Network {
        /// Its key.
        network: String,
        /// Why.
        source: AttributeError,
    },
    /// A volume's definition means nothing to the engine.
    #[error("cannot make volume {volume}")]
    Volume {
        /// Its key.
        volume: String,
        /// Why.
        source: AttributeError,
    },
    /// Another project folder made it under the same project name.
    #[error(
        "{thing} of project {project} belongs to {folder}: give this project another name with `-p`, or run \
         the command with --take-over to make it this folder's",
        folder = folder.display()
    )]
    OtherFolder {
        /// What it is.
        thing: String,
        /// The name that both use.
        project: ProjectName,
        /// The other folder.
        folder: PathBuf,
    },
    /// A container of another project has a name that a service is given.
    #[error(
        "container name {name} is taken by {}{}: change `container_name`, or remove that container",
        owner.as_ref().map_or_else(|| "a container outside of projects".to_owned(), |owner| format!("project {owner}")),
        folder.as_ref().map(|folder| format!(" in {folder}")).unwrap_or_default()
    )]
    NameTaken {
        /// The name.
        name: ContainerName,
        /// The project that has it.
        owner: Option<String>,
        /// That project's folder.
        folder: Option<String>,
    },
    /// What a service shares is of a service without containers, which gets none either.
    #[error(
        "service {service} cannot share the {shared} of service {peer}, which has no container: start {peer} \
         first, or leave out --no-deps"
    )]
    PeerMissing {
        /// The service.
        service: ServiceName,
        /// The other.
        peer: String,
        /// What.
        shared: &'static str,
    },
    /// No image was handed in for a service.
    #[error("service {service} has no image {image} to run")]
    ImageMissing {
        /// The service.
        service: ServiceName,
        /// The image it wants.
        image: String,
    },
    /// A service cannot be turned into a container.
    #[error("cannot make a container of service {service}")]
    Service {
        /// The service.
        service: ServiceName,
        /// Why.
        source: AttributeError,
    },
}

impl PlanError {
    /// Says which service an attribute belongs to.
    pub(super) fn of(service: &ServiceName) -> impl Fn(AttributeError) -> Self {
        let service = service.clone();
        move |source| Self::Service { service: service.clone(), source }
    }
}
