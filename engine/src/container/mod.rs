//! Containers as a user handles them: made, started, stopped, entered, read and removed.
//!
//! A container that runs belongs to its supervisor ([`crate::supervisor`]); what is asked of it here
//! goes through the supervisor's socket. What rests is files, which are changed here directly.

mod attach;
mod commit;
mod connect;
mod contents;
mod copy;
mod create;
mod diff;
mod drain;
pub mod exec;
mod export;
mod files;
pub(crate) mod folder;
mod generated;
mod hook;
pub mod logs;
mod making;
mod pause;
mod prune;
mod remove;
mod rename;
mod repair;
pub(crate) mod root;
mod shared;
mod signal;
mod standby;
mod start;
mod stats;
mod stop;
pub mod sync;
mod terminal;
mod top;
mod update;
mod volumes;
mod wait;

pub use attach::{AttachError, attach, start_attached};
pub use commit::{CommitError, CommitOptions, commit};
pub use connect::{ConnectError, connect, disconnect};
pub use contents::{ContentsError, update_contents};
pub use copy::{CopyError, CopyOptions, Destination, Origin, Refusal, copy_in, copy_out};
pub use create::{CreateError, create};
pub use diff::{Change, ChangeKind, DiffError, diff, written_bytes};
pub use drain::{drain, flows, undrain, wait_drained};
pub use export::{ExportError, export};
pub use files::FilesError;
pub use hook::{HookError, run_hook};
pub use making::MakingError;
pub use pause::{PauseError, pause, unpause};
pub use prune::{PruneError, Pruned, prune};
pub(crate) use remove::remove_ended;
pub use remove::{RemoveError, remove};
pub use rename::{RenameError, rename};
pub use repair::{RepairError, repair};
pub use shared::SharedError;
pub use signal::{Signal, SignalError};
pub use standby::{StandbyError, activate, retire};
pub use start::{StartError, restart, start};
pub use stats::{Sample, StatsError, stats};
pub use stop::{StopError, StopOptions, kill, stop, stop_with};
pub use terminal::{DetachKeys, DetachKeysError, End, Streams};
pub use top::{OptionsError, ProcessTable, TopError, UnknownColumn, top};
pub use update::{Update, UpdateError, update};
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
