//! One action of a plan, done by the engine.

use crate::watch::{self, JournalError};
use compose::plan::{Node, Reason};
use engine::container::exec::ExecError;
use engine::container::{
    self, ContentsError, CreateError, HookError, RemoveError, RenameError, Signal, SignalError, StandbyError,
    StartError, StopError, WaitError,
};
use engine::network::{self, NetworkError};
use engine::state::Layout;
use engine::volume::{self, VolumeError};
use engine_spec::{Action, ContainerName, ContainerSpec, HookKind, HookSpec, NetworkName, VolumeName};
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
    /// A container did not get its names and ports, or did not give them up.
    #[error("cannot hand over to or from container {name}")]
    Standby {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<StandbyError>,
    },
    /// Configs and secrets were not written anew.
    #[error("cannot update the contents of container {name}")]
    Contents {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<ContentsError>,
    },
    /// No such signal.
    #[error("cannot signal container {name}")]
    Signal {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: SignalError,
    },
    /// A hook failed.
    #[error("{kind} of container {name}: {source}")]
    Hook {
        /// In which container.
        name: ContainerName,
        /// At which turning point.
        kind: HookKind,
        /// Why.
        source: Box<HookError>,
    },
    /// The container of a hook failed; it stays to be looked at.
    #[error("{hook} exited with code {exit_code}; its container {name} is kept to be looked at")]
    PreStart {
        /// `pre_start[0]`.
        hook: String,
        /// How it ended.
        exit_code: i32,
        /// The container.
        name: ContainerName,
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

/// Does what a step says; waiting ends at `deadline`, and `heard` is told what hooks write.
pub(crate) fn perform(
    layout: &Layout,
    node: &Node,
    deadline: Option<Instant>,
    heard: &(dyn Fn(&str) + Sync),
) -> Result<(), PerformError> {
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
        Action::ActivateContainer { name } => standby(name, container::activate(layout, name)),
        Action::DrainContainer { name, limit } => standby(name, container::retire(layout, name, *limit)),
        Action::UpdateContents { name, spec, signals } => update_contents(layout, name, spec, signals),
        Action::RunHook { name, kind, hook } => run_hook(layout, name, *kind, hook, heard),
        Action::Delay { duration } => {
            std::thread::sleep(*duration);
            Ok(())
        }
        Action::WaitContainer { name, condition, .. } => container::wait(layout, name, *condition, deadline)
            .map_err(|error| not_so_far(name, error, &node.reason)),
    }
}

fn standby(name: &ContainerName, result: Result<(), StandbyError>) -> Result<(), PerformError> {
    result.map_err(|source| PerformError::Standby { name: name.clone(), source: Box::new(source) })
}

fn update_contents(
    layout: &Layout,
    name: &ContainerName,
    spec: &ContainerSpec,
    signals: &[String],
) -> Result<(), PerformError> {
    let signals: Result<Vec<Signal>, _> = signals.iter().map(|signal| signal.parse()).collect();
    let signals = signals.map_err(|source| PerformError::Signal { name: name.clone(), source })?;
    container::update_contents(layout, name, spec, &signals)
        .map_err(|source| PerformError::Contents { name: name.clone(), source: Box::new(source) })
}

/// A container that has ended meanwhile needs no `pre_stop`.
fn run_hook(
    layout: &Layout,
    name: &ContainerName,
    kind: HookKind,
    hook: &HookSpec,
    heard: &(dyn Fn(&str) + Sync),
) -> Result<(), PerformError> {
    let heard = |line: &str| heard(&format!("{name} {kind} | {line}"));
    match container::run_hook(layout, name, hook, &heard) {
        Err(HookError::Exec(ExecError::NotRunning(_) | ExecError::Unknown(_)))
            if kind == HookKind::PreStop =>
        {
            Ok(())
        }
        result => {
            result.map_err(|source| PerformError::Hook { name: name.clone(), kind, source: Box::new(source) })
        }
    }
}

/// Why a container was waited for decides what its end means.
fn not_so_far(name: &ContainerName, error: WaitError, reason: &Reason) -> PerformError {
    match (reason, error) {
        (Reason::Hook { .. }, WaitError::Exited { exit_code: Some(exit_code), .. }) => {
            let index = name.as_str().rsplit('-').next().unwrap_or("0");
            PerformError::PreStart { hook: format!("pre_start[{index}]"), exit_code, name: name.clone() }
        }
        (Reason::AwaitedBy { service: Some(_) }, error) => PerformError::Dependency(error),
        (_, error) => PerformError::Application(error),
    }
}
