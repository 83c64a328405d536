//! One action of a plan, done by the engine.

use crate::watch::{self, JournalError};
use compose::plan::{Node, Reason};
use engine::container::{self, CreateError, RemoveError, RenameError, StartError, StopError, WaitError};
use engine::network::{self, NetworkError};
use engine::state::Layout;
use engine::volume::{self, VolumeError};
use engine_spec::{Action, ContainerName, ContainerSpec, NetworkName, VolumeName};
use std::time::Instant;

/// An action that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PerformError {
    /// A network was not made.
    #[error("cannot create network {name}")]
    CreateNetwork {
        /// Which.
        name: NetworkName,
        /// Why.
        #[source]
        source: NetworkError,
    },
    /// A network was not removed.
    #[error("cannot remove network {name}")]
    RemoveNetwork {
        /// Which.
        name: NetworkName,
        /// Why.
        #[source]
        source: NetworkError,
    },
    /// A volume was not made.
    #[error("cannot create volume {name}")]
    CreateVolume {
        /// Which.
        name: VolumeName,
        /// Why.
        #[source]
        source: VolumeError,
    },
    /// A volume was not removed.
    #[error("cannot remove volume {name}")]
    RemoveVolume {
        /// Which.
        name: VolumeName,
        /// Why.
        #[source]
        source: VolumeError,
    },
    /// A container was not made.
    #[error("cannot create container {name}")]
    Create {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<CreateError>,
    },
    /// A container was made without what was copied into those before it.
    #[error("cannot bring what `watch` has copied into container {name}")]
    Replay {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<JournalError>,
    },
    /// A container was not started.
    #[error("cannot start container {name}")]
    Start {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: StartError,
    },
    /// A container was not stopped.
    #[error("cannot stop container {name}")]
    Stop {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: StopError,
    },
    /// A container was not removed.
    #[error("cannot remove container {name}")]
    Remove {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: RemoveError,
    },
    /// A container kept its name.
    #[error("cannot rename container {name}")]
    Rename {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: RenameError,
    },
    /// A container did not come as far as others need it.
    #[error("dependency failed to start: {0}")]
    Dependency(WaitError),
    /// A container did not come as far as the command was asked to wait for.
    #[error("application not healthy: {0}")]
    Application(WaitError),
}

impl PerformError {
    /// The container whose own failure this may be.
    pub(crate) fn container(&self) -> Option<&ContainerName> {
        match self {
            Self::Start { name, .. } => Some(name),
            Self::Dependency(error) | Self::Application(error) => error.container(),
            _ => None,
        }
    }
}

/// Makes a container, with what `watch` has copied into those it follows.
fn create(
    layout: &Layout,
    spec: &ContainerSpec,
    inherit: Option<&ContainerName>,
) -> Result<(), PerformError> {
    let id = container::create(layout, spec, inherit)
        .map_err(|source| PerformError::Create { name: spec.name.clone(), source: Box::new(source) })?;
    let replayed = watch::replay(layout, spec, &id);
    replayed.map_err(|source| PerformError::Replay { name: spec.name.clone(), source: Box::new(source) })
}

/// Does what a step says; waiting ends at `deadline`.
pub(crate) fn perform(layout: &Layout, node: &Node, deadline: Option<Instant>) -> Result<(), PerformError> {
    match &node.action {
        Action::CreateNetwork(spec) => network::create(layout, spec)
            .map(drop)
            .map_err(|source| PerformError::CreateNetwork { name: spec.name.clone(), source }),
        Action::RemoveNetwork { name } => network::remove(layout, name)
            .map_err(|source| PerformError::RemoveNetwork { name: name.clone(), source }),
        Action::CreateVolume(spec) => volume::create(layout, spec)
            .map(drop)
            .map_err(|source| PerformError::CreateVolume { name: spec.name.clone(), source }),
        Action::RemoveVolume { name } => volume::remove(layout, name)
            .map_err(|source| PerformError::RemoveVolume { name: name.clone(), source }),
        Action::CreateContainer { spec, inherit } => create(layout, spec, inherit.as_ref()),
        Action::StartContainer { name } => container::start(layout, name)
            .map(drop)
            .map_err(|source| PerformError::Start { name: name.clone(), source }),
        Action::StopContainer { name, timeout } => container::stop(layout, name, *timeout)
            .map_err(|source| PerformError::Stop { name: name.clone(), source }),
        Action::RemoveContainer { name, volumes } => container::remove(layout, name, *volumes)
            .map_err(|source| PerformError::Remove { name: name.clone(), source }),
        Action::RenameContainer { from, to } => container::rename(layout, from, to)
            .map_err(|source| PerformError::Rename { name: from.clone(), source }),
        Action::WaitContainer { name, condition, .. } => container::wait(layout, name, *condition, deadline)
            .map_err(|error| match node.reason {
                Reason::AwaitedBy { service: None } => PerformError::Application(error),
                _ => PerformError::Dependency(error),
            }),
    }
}
