//! Removing all containers that have ended.

use super::{RemoveError, diff, remove};
use crate::state::{Layout, ObserveError, observe};
use crate::supervisor::detach;
use engine_spec::{ContainerId, ObservedContainer};

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Which containers.
    pub containers: Vec<ContainerId>,
    /// How many bytes they had written.
    pub reclaimed: u64,
}

/// Ended containers could not be removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PruneError {
    /// They could not be listed.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// One of them could not be removed.
    #[error(transparent)]
    Remove(#[from] RemoveError),
}

/// Removes containers that do not run and are `wanted` away, and what killed processes left of none.
///
/// # Errors
/// Says which could not be removed; those before it are.
pub fn prune(layout: &Layout, wanted: impl Fn(&ObservedContainer) -> bool) -> Result<Pruned, PruneError> {
    let mut pruned = Pruned::default();
    for container in observe(layout, None)?.containers {
        if container.status.is_over() && wanted(&container) {
            let size = diff::written_bytes(layout, &container.id);
            remove(layout, container.name(), false)?;
            pruned.containers.push(container.id);
            pruned.reclaimed += size;
        }
    }
    detach::prune_killed(layout);
    Ok(pruned)
}
