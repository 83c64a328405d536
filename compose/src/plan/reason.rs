//! Why a step is taken, and what is worth saying besides.

use engine_spec::{ContainerName, Digest, NetworkName, ServiceName, VolumeName};
use std::fmt;

/// Why a step is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is not there.
    Missing,
    /// The service shall have more containers.
    ScaledUp,
    /// The service shall have fewer containers.
    ScaledDown,
    /// `--force-recreate` or `-V`.
    Forced,
    /// The definition changed.
    ConfigChanged {
        /// The attributes that differ, as `environment.PORT`; values are never named.
        keys: Vec<String>,
    },
    /// The image's name now means another image.
    ImageChanged {
        /// What the container was made from.
        old: Digest,
        /// What it would be made from now.
        new: Digest,
    },
    /// A network is made anew, or the container is not in it.
    NetworkChanged {
        /// The network.
        network: NetworkName,
    },
    /// The container does not use a volume that the service names.
    VolumeChanged {
        /// The volume.
        volume: VolumeName,
    },
    /// A service whose namespace it shares is recreated.
    ParentRecreated {
        /// The other service.
        service: ServiceName,
    },
    /// A dependency with `restart: true` is recreated or restarted.
    DependencyRestarted {
        /// The other service.
        service: ServiceName,
    },
    /// A run that was interrupted left it half done.
    Interrupted,
    /// It is there but does not run.
    NotRunning,
    /// A service waits for it.
    AwaitedBy {
        /// The waiting service; `None` is the command itself (`--wait`).
        service: Option<ServiceName>,
    },
    /// No service of the file owns it.
    Orphan,
    /// The command asks for it.
    Requested,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::ScaledUp => f.write_str("scaled up"),
            Self::ScaledDown => f.write_str("scaled down"),
            Self::Forced => f.write_str("forced"),
            Self::ConfigChanged { keys } if keys.is_empty() => f.write_str("definition changed"),
            Self::ConfigChanged { keys } => write!(f, "changed: {}", keys.join(", ")),
            Self::ImageChanged { old, new } => write!(f, "image changed: {} -> {}", old.short(), new.short()),
            Self::NetworkChanged { network } => write!(f, "network {network} changed"),
            Self::VolumeChanged { volume } => write!(f, "volume {volume} changed"),
            Self::ParentRecreated { service } => write!(f, "{service} is recreated"),
            Self::DependencyRestarted { service } => write!(f, "{service} is restarted"),
            Self::Interrupted => f.write_str("left over by an interrupted run"),
            Self::NotRunning => f.write_str("not running"),
            Self::AwaitedBy { service: Some(service) } => write!(f, "{service} waits for it"),
            Self::AwaitedBy { service: None } => f.write_str("waited for"),
            Self::Orphan => f.write_str("orphan"),
            Self::Requested => f.write_str("requested"),
        }
    }
}

/// Something worth saying besides the steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A container is as it should be and runs.
    Unchanged {
        /// The container.
        container: ContainerName,
    },
    /// Containers of the project that no service of the file owns.
    Orphans {
        /// The containers.
        containers: Vec<ContainerName>,
    },
    /// A network differs from its definition, but containers that stay as they are are in it.
    NetworkKept {
        /// The network.
        network: NetworkName,
    },
    /// A volume differs from its definition and is kept, since its data would be lost.
    VolumeKept {
        /// The volume.
        volume: VolumeName,
    },
    /// A network is kept, since a container that stays is in it.
    NetworkInUse {
        /// The network.
        network: NetworkName,
    },
    /// A volume is kept, since a container that stays uses it.
    VolumeInUse {
        /// The volume.
        volume: VolumeName,
    },
    /// There is nothing that the command could act on.
    NothingFound,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchanged { container } => write!(f, "container {container} is up to date"),
            Self::Orphans { containers } => {
                let names: Vec<_> = containers.iter().map(ContainerName::as_str).collect();
                write!(
                    f,
                    "found orphan containers ({}) for this project; if you removed or renamed their service, \
                     run this command with --remove-orphans to clean them up",
                    names.join(", ")
                )
            }
            Self::NetworkKept { network } => {
                write!(f, "network {network} differs from its definition and is kept")
            }
            Self::VolumeKept { volume } => {
                write!(
                    f,
                    "volume {volume} differs from its definition and is kept, as its data would be lost"
                )
            }
            Self::NetworkInUse { network } => write!(f, "network {network} is still in use"),
            Self::VolumeInUse { volume } => write!(f, "volume {volume} is still in use"),
            Self::NothingFound => f.write_str("no resource found"),
        }
    }
}
