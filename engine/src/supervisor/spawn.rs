//! Starting a process of our own binary that runs a hidden verb, from a process that may have threads.

use super::failure::Failure;
use super::message::{self, Answer};
use super::nursery;
use crate::state::Layout;
use crate::sys;
use engine_spec::{ContainerId, PublishedPort};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

/// The first argument of all our processes.
pub(super) const NAME: &str = "lighter";
/// The verb of a container's supervisor.
pub(super) const SUPERVISE: &str = "__supervise";
/// The verb of a build step.
pub(super) const STEP: &str = "__step";
/// Makes a supervisor take over a container that runs.
pub(super) const ADOPT: &str = "--adopt";
/// Where a hidden verb finds the folder of the installation.
pub(super) const ROOT_VARIABLE: &str = "LIGHTER_ROOT";

/// A container has no supervisor, and none could be made.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The process could not be made.
    #[error("cannot start the supervisor of container {}", id.short())]
    Spawn {
        /// Whose.
        id: ContainerId,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ended without a word.
    #[error("the supervisor of container {} was killed before the container ran", id.short())]
    Killed {
        /// Whose.
        id: ContainerId,
    },
    /// It could not do its work.
    #[error(transparent)]
    Failed(Failure),
}

/// Whether a supervisor launches its container or takes over one that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    Launch,
    Adopt,
}

/// Starts the supervisor of a container, and waits until the container runs. `None` if another
/// supervisor was there first.
pub(crate) fn supervisor(
    layout: &Layout,
    id: &ContainerId,
    mode: Mode,
) -> Result<Option<Vec<PublishedPort>>, SpawnError> {
    begin(layout, id, mode, |_| Ok(())).map(|(_, ports)| ports)
}

/// The same for a caller that goes on talking to the supervisor, and has something to `say` before it
/// launches.
pub(crate) fn begin(
    layout: &Layout,
    id: &ContainerId,
    mode: Mode,
    say: impl FnOnce(&OwnedFd) -> io::Result<()>,
) -> Result<(OwnedFd, Option<Vec<PublishedPort>>), SpawnError> {
    let failed = |source| SpawnError::Spawn { id: id.clone(), source };
    let (ours, theirs) = message::pair().map_err(failed)?;
    say(&ours).map_err(failed)?;
    nursery::order(layout, id, mode, &theirs).map_err(failed)?;
    // Only the supervisor has it now, so that its death is noticed.
    drop(theirs);
    match message::receive::<Answer>(&ours).map_err(failed)? {
        Some((Answer::Running { ports }, _)) => Ok((ours, Some(ports))),
        Some((Answer::Failed(failure), _)) => Err(SpawnError::Failed(failure)),
        Some((Answer::Done, _)) => Ok((ours, None)),
        Some(_) | None => Err(SpawnError::Killed { id: id.clone() }),
    }
}

/// Executes our own binary through a clone that nothing in a container can write to.
///
/// The child is another program right away (`posix_spawn`), so threads of the caller do not matter.
pub(super) fn spawn(
    layout: &Layout,
    arguments: &[&str],
    connect: impl FnOnce(&mut Command),
) -> io::Result<Child> {
    let binary = own_binary()?;
    let mut command = Command::new(format!("/proc/self/fd/{}", binary.as_raw_fd()));
    command.arg0(NAME).args(arguments).current_dir("/").env_clear();
    if let Some(root) = layout.root() {
        command.env(ROOT_VARIABLE, root);
    }
    connect(&mut command);
    command.spawn()
}

/// Kernels and users that may not clone mounts run the file itself.
fn own_binary() -> io::Result<OwnedFd> {
    sys::self_binary().or_else(|_| Ok(File::open("/proc/self/exe")?.into()))
}
