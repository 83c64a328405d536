//! Why no plan can be made.

use super::attribute::AttributeError;
use engine_spec::ServiceName;

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
