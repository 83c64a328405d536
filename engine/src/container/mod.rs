//! Containers as a user handles them: made, started, stopped, entered, read and removed.
//!
//! A container that runs belongs to its supervisor ([`crate::supervisor`]); what is asked of it here
//! goes through the supervisor's socket. What rests is files, which are changed here directly.

mod create;
pub mod exec;
pub(crate) mod folder;
pub mod logs;
mod making;
mod remove;
mod rename;
mod repair;
mod signal;
mod start;
mod stop;
pub mod sync;
mod volumes;
mod wait;

pub use create::{CreateError, create};
pub use making::MakingError;
pub use remove::{RemoveError, remove};
pub use rename::{RenameError, rename};
pub use repair::{RepairError, repair};
pub use signal::{Signal, SignalError};
pub use start::{StartError, restart, start};
pub use stop::{StopError, kill, stop};
pub use volumes::VolumesError;
pub use wait::{WaitError, wait, wait_exit};

use crate::state::Layout;
use crate::state::container;
use engine_spec::{ContainerId, ContainerName};

/// No container has that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such container: {0}")]
pub struct NoSuchContainer(pub ContainerName);

fn find(layout: &Layout, name: &ContainerName) -> Result<ContainerId, NoSuchContainer> {
    container::by_name(layout, name).ok_or_else(|| NoSuchContainer(name.clone()))
}
