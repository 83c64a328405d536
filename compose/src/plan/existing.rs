//! Questions about a container that is there.

use engine_spec::{
    Health, MountSource, NetworkMode, NetworkName, ObservedContainer, Status, VolumeName, compose_label,
};

/// Whether a container is one of `run`.
pub(super) fn is_one_off(container: &ObservedContainer) -> bool {
    container.label(compose_label::ONEOFF) == Some("True")
}

/// Whether stopping a container would change anything.
pub(super) fn is_active(container: &ObservedContainer) -> bool {
    container.status.is_running() || matches!(container.status, Status::Restarting { .. })
}

/// Whether a container has a place in a network.
pub(super) fn is_in(container: &ObservedContainer, network: &NetworkName) -> bool {
    match &container.spec.network {
        NetworkMode::Networks { endpoints } => endpoints.iter().any(|endpoint| endpoint.network == *network),
        NetworkMode::None | NetworkMode::Host | NetworkMode::Container { .. } => false,
    }
}

/// Whether a container has a volume mounted.
pub(super) fn uses(container: &ObservedContainer, volume: &VolumeName) -> bool {
    let is_it = |source: &MountSource| matches!(source, MountSource::Volume { name: Some(name), .. } if name == volume);
    container.volumes.values().any(|used| used == volume)
        || container.spec.mounts.iter().any(|mount| is_it(&mount.source))
}

/// Whether a container is that of a hook, which its service makes and removes.
pub(super) fn is_hook(container: &ObservedContainer) -> bool {
    container.label(compose_label::HOOK).is_some()
}

/// Whether a container's probes succeed.
pub(super) fn is_healthy(container: &ObservedContainer) -> bool {
    matches!(container.status, Status::Running { health: Some(Health::Healthy), .. })
}
