//! A container that has everything but its program: made by our own runtime, or by an external one.

use super::Supervised;
use super::attachment::Attachment;
use super::launch::StartFailure;
use crate::runtime::external::{self, Created, External};
use crate::runtime::launch::{self, LaunchError, Prepared, Running, Sandbox};
use crate::runtime::{namespace, seccomp, spec};
use nix::sched::CloneFlags;
use std::os::fd::{AsFd, OwnedFd};

/// Where runtimes are looked for. A supervisor has no environment, and the caller's could name any program.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The container, and how it is let go.
pub(super) enum Waiting {
    Own(Prepared),
    External { external: External, created: Created },
}

/// What its making left to its supervisor.
pub(super) struct Made {
    pub(super) waiting: Waiting,
    /// The sockets of its name server.
    pub(super) descriptors: Vec<OwnedFd>,
    pub(super) terminal: Option<OwnedFd>,
}

/// Makes the container and its network.
pub(super) fn make(
    supervised: &Supervised,
    sandbox: Sandbox,
    attachment: &Attachment,
) -> Result<Made, StartFailure> {
    let inside = attachment.inside(&supervised.record.spec.network);
    if let Some(external) = external_of(supervised)? {
        let profile = spec::seccomp_profile(&supervised.record.spec)?;
        let bound = spec::bounding(&sandbox.spec);
        let mut created = external.create(sandbox, seccomp::rules(&profile, bound)?)?;
        attachment.connect(supervised, created.pid.as_raw())?;
        let entered = namespace::inside(created.pidfd.as_fd(), CloneFlags::CLONE_NEWNET, inside);
        let descriptors = entered.map_err(|error| LaunchError::Inside(error.to_string()))?;
        attachment.settle(created.pid.as_raw());
        let terminal = created.terminal.take();
        return Ok(Made { waiting: Waiting::External { external, created }, descriptors, terminal });
    }
    let pending = launch::spawn(sandbox, inside)?;
    attachment.connect(supervised, pending.pid().as_raw())?;
    let pid = pending.pid().as_raw();
    let mut prepared = pending.proceed()?;
    attachment.settle(pid);
    let (descriptors, terminal) = (std::mem::take(&mut prepared.descriptors), prepared.terminal.take());
    Ok(Made { waiting: Waiting::Own(prepared), descriptors, terminal })
}

impl Waiting {
    /// Lets the container execute its program.
    pub(super) fn start(self) -> Result<Running, StartFailure> {
        match self {
            Self::Own(prepared) => Ok(prepared.start()?),
            Self::External { external, created: Created { pid, pidfd, .. } } => {
                external.start()?;
                Ok(Running { pid, pidfd })
            }
        }
    }
}

/// Removes what an external runtime keeps of the container.
pub(super) fn forget(supervised: &Supervised) -> Result<(), StartFailure> {
    match external_of(supervised)? {
        Some(external) if external.bundle.exists() => Ok(external.delete()?),
        Some(_) | None => Ok(()),
    }
}

fn external_of(supervised: &Supervised) -> Result<Option<External>, StartFailure> {
    let Some(name) = &supervised.record.spec.runtime else { return Ok(None) };
    let program = external::find(name, SEARCH_PATH)?;
    let bundle = supervised.folder.run().join("bundle");
    Ok(Some(External { program, bundle, id: supervised.record.id.to_string() }))
}
