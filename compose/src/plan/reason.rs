//! Why a step is taken, and what is worth saying besides.

use super::change::Change;
use crate::model::Location;
use engine_spec::{ContainerName, Digest, HookKind, NetworkName, ServiceName, VolumeName};
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
        /// The attributes that differ.
        changes: Vec<Change>,
    },
    /// The image's name now means another image.
    ImageChanged {
        /// What the container was made from.
        old: Digest,
        /// What it would be made from now.
        new: Digest,
        /// Where the file names the image.
        place: Option<Location>,
    },
    /// A network is made anew, or the container is not in it.
    NetworkChanged {
        /// The network.
        network: NetworkName,
        /// What differs in its definition.
        changes: Vec<Change>,
    },
    /// A volume is made anew, or the container does not use it.
    VolumeChanged {
        /// The volume.
        volume: VolumeName,
        /// What differs in its definition.
        changes: Vec<Change>,
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
    /// A hook of the service.
    Hook {
        /// Which.
        kind: HookKind,
    },
    /// Configs or secrets changed, and their users are told by a signal.
    ContentsChanged {
        /// Which, by path in the container.
        changes: Vec<Change>,
    },
    /// An update failed, and what was there before comes back.
    RolledBack,
    /// No service of the file owns it.
    Orphan,
    /// The command asks for it.
    Requested,
}

impl Reason {
    /// What changed, as far as it is known.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        match self {
            Self::ConfigChanged { changes }
            | Self::NetworkChanged { changes, .. }
            | Self::VolumeChanged { changes, .. }
            | Self::ContentsChanged { changes } => changes.clone(),
            Self::ImageChanged { old, new, place } => vec![Change {
                key: "image".to_owned(),
                old: Some(old.to_string()),
                new: Some(new.to_string()),
                place: place.clone(),
            }],
            Self::Missing
            | Self::ScaledUp
            | Self::ScaledDown
            | Self::Forced
            | Self::ParentRecreated { .. }
            | Self::DependencyRestarted { .. }
            | Self::Interrupted
            | Self::NotRunning
            | Self::AwaitedBy { .. }
            | Self::Hook { .. }
            | Self::RolledBack
            | Self::Orphan
            | Self::Requested => Vec::new(),
        }
    }

    /// What kind of reason it is, for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::ScaledUp => "scaled-up",
            Self::ScaledDown => "scaled-down",
            Self::Forced => "forced",
            Self::ConfigChanged { .. } => "config-changed",
            Self::ImageChanged { .. } => "image-changed",
            Self::NetworkChanged { .. } => "network-changed",
            Self::VolumeChanged { .. } => "volume-changed",
            Self::ParentRecreated { .. } => "parent-recreated",
            Self::DependencyRestarted { .. } => "dependency-restarted",
            Self::Interrupted => "interrupted",
            Self::NotRunning => "not-running",
            Self::AwaitedBy { .. } => "awaited",
            Self::Hook { .. } => "hook",
            Self::ContentsChanged { .. } => "contents-changed",
            Self::RolledBack => "rolled-back",
            Self::Orphan => "orphan",
            Self::Requested => "requested",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::ScaledUp => f.write_str("scaled up"),
            Self::ScaledDown => f.write_str("scaled down"),
            Self::Forced => f.write_str("forced"),
            Self::ConfigChanged { changes } if changes.is_empty() => f.write_str("definition changed"),
            Self::ConfigChanged { changes } => {
                let keys: Vec<_> = changes.iter().map(|change| change.key.as_str()).collect();
                write!(f, "changed: {}", keys.join(", "))
            }
            Self::ImageChanged { old, new, .. } => {
                write!(f, "image changed: {} -> {}", old.short(), new.short())
            }
            Self::NetworkChanged { network, .. } => write!(f, "network {network} changed"),
            Self::VolumeChanged { volume, .. } => write!(f, "volume {volume} changed"),
            Self::ParentRecreated { service } => write!(f, "{service} is recreated"),
            Self::DependencyRestarted { service } => write!(f, "{service} is restarted"),
            Self::Interrupted => f.write_str("left over by an interrupted run"),
            Self::NotRunning => f.write_str("not running"),
            Self::AwaitedBy { service: Some(service) } => write!(f, "{service} waits for it"),
            Self::AwaitedBy { service: None } => f.write_str("waited for"),
            Self::Hook { kind } => write!(f, "{kind} hook"),
            Self::ContentsChanged { changes } => {
                let keys: Vec<_> = changes.iter().map(|change| change.key.as_str()).collect();
                write!(f, "contents changed: {}", keys.join(", "))
            }
            Self::RolledBack => f.write_str("rolled back"),
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
        /// What differs.
        changes: Vec<Change>,
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
            Self::VolumeKept { volume, changes } => {
                let keys: Vec<_> = changes.iter().map(|change| change.key.as_str()).collect();
                write!(
                    f,
                    "volume {volume} differs from its definition ({}) and is kept, as its data would be lost; \
                     run this command with -y to make it anew",
                    keys.join(", ")
                )
            }
            Self::NetworkInUse { network } => write!(f, "network {network} is still in use"),
            Self::VolumeInUse { volume } => write!(f, "volume {volume} is still in use"),
            Self::NothingFound => f.write_str("no resource found"),
        }
    }
}
