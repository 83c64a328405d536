//! Questions about a container that is there.

use engine_spec::{NetworkMode, NetworkName, ObservedContainer, Status, compose_label};

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
