//! Putting right what killed commands and supervisors left.
//!
//! ```text
//! run folder, lock held                    all is well
//! run folder, lock free, container ran     a new supervisor adopts it
//! run folder, lock free, it did not        what a launch left is cleaned
//! folder without a record, lock free       half made or half removed: it is discarded
//! ```

use super::folder::Folder;
use super::making;
use crate::network;
use crate::runtime::cgroup::{Cgroup, CgroupError};
use crate::state::Layout;
use crate::state::container::{self, ResolveError, StatusRecord};
use crate::state::record::{self, RecordError};
use crate::supervisor::presence::{self, Claim, Presence};
use crate::supervisor::spawn::{self, Mode};
use crate::supervisor::{self, SpawnError};
use engine_spec::{ContainerId, ProjectName, Status, compose_label};
use std::fs;
use std::io;
use std::path::PathBuf;

/// What is left of a broken command could not be put right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// A folder could not be looked through or removed.
    #[error("cannot clean up {path}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The containers could not be listed.
    #[error("cannot list the containers")]
    List(#[from] ResolveError),
    /// A container's record could not be read.
    #[error("cannot read the state of container {}", id.short())]
    Record {
        /// Which.
        id: ContainerId,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// A container that runs could not be taken over.
    #[error("cannot take over container {} from its dead supervisor", id.short())]
    Adopt {
        /// Which.
        id: ContainerId,
        /// Why.
        #[source]
        source: SpawnError,
    },
    /// What a launch left could not be cleaned.
    #[error("cannot clean up after the launch of container {}", id.short())]
    Clean {
        /// Which.
        id: ContainerId,
        /// Why.
        #[source]
        source: supervisor::Failure,
    },
    /// A container that was to be removed when it ended is still there.
    #[error("cannot remove container {}, which has ended", id.short())]
    Remove {
        /// Which.
        id: ContainerId,
        /// Why.
        #[source]
        source: super::RemoveError,
    },
    /// The processes of a container without a record could not be killed.
    #[error("cannot remove the control group of container {}", id.short())]
    Cgroup {
        /// Which.
        id: ContainerId,
        /// Why.
        #[source]
        source: CgroupError,
    },
}

/// Puts right what killed commands and supervisors left; does next to nothing when all is well.
///
/// With `project`, containers of other projects are left to their own commands.
///
/// # Errors
/// Says what could not be put right.
pub fn repair(layout: &Layout, project: Option<&ProjectName>) -> Result<(), RepairError> {
    for id in abandoned(layout)? {
        repair_abandoned(layout, &id, project)?;
    }
    for id in container::ids(layout)? {
        repair_half_made(layout, &id)?;
    }
    Ok(())
}

/// The containers with a run folder but without a supervisor.
fn abandoned(layout: &Layout) -> Result<Vec<ContainerId>, RepairError> {
    let path = layout.run().join("containers");
    let failed = |source| RepairError::Folder { path: path.clone(), source };
    let mut abandoned = Vec::new();
    for entry in fs::read_dir(&path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        presence::finish_removal(&entry.path()).map_err(failed)?;
        let name = entry.file_name().into_string().unwrap_or_default();
        let id = ContainerId::try_from(name).ok();
        abandoned.extend(id.filter(|id| !presence::is_present(&Folder::of(layout, id))));
    }
    Ok(abandoned)
}

fn repair_abandoned(
    layout: &Layout,
    id: &ContainerId,
    project: Option<&ProjectName>,
) -> Result<(), RepairError> {
    let broken = |source| RepairError::Record { id: id.clone(), source: Box::new(source) };
    let record = container::load(layout, id).map_err(broken)?;
    let owner = record.as_ref().and_then(|record| record.spec.labels.get(compose_label::PROJECT));
    if record.is_some() && project.is_some_and(|project| owner.is_none_or(|owner| owner != project.as_str()))
    {
        return Ok(());
    }
    let status = record::read::<StatusRecord>(&container::status_path(layout, id)).map_err(broken)?;
    let is_live = status.is_some_and(|status| match status.status {
        Status::Running { .. } | Status::Paused { .. } | Status::Restarting { .. } => true,
        Status::Created | Status::Exited { .. } => false,
    });
    match record {
        Some(_) if is_live => spawn::supervisor(layout, id, Mode::Adopt)
            .map(drop)
            .map_err(|source| RepairError::Adopt { id: id.clone(), source }),
        record => clean(layout, id, record),
    }
}

/// Removes what a launch left, unless its supervisor or another repair is at it.
fn clean(
    layout: &Layout,
    id: &ContainerId,
    record: Option<container::ContainerRecord>,
) -> Result<(), RepairError> {
    let folder = Folder::of(layout, id);
    let failed = |source| RepairError::Folder { path: folder.run().to_owned(), source };
    let _claim = match Presence::claim_abandoned(&folder) {
        Ok(Claim::Taken(claim)) => claim,
        Ok(Claim::Held) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    match record {
        Some(record) => {
            supervisor::clean(layout, record.clone())
                .map_err(|source| RepairError::Clean { id: id.clone(), source })?;
            if record.spec.remove_on_exit {
                return super::remove_ended(layout, &record, true)
                    .map_err(|source| RepairError::Remove { id: id.clone(), source });
            }
        }
        // Removed but for this, or a build step.
        None => {
            for network in network::list(layout).unwrap_or_default() {
                let _ = super::remove::release(layout, &network.spec.name, id, None);
            }
            let cgroup = Cgroup::at(PathBuf::from(layout.instance()).join(id.as_str()));
            let removed = cgroup.kill().and_then(|()| cgroup.remove());
            removed.map_err(|source| RepairError::Cgroup { id: id.clone(), source })?;
        }
    }
    presence::remove_run_folder(&folder).map_err(failed)
}

fn repair_half_made(layout: &Layout, id: &ContainerId) -> Result<(), RepairError> {
    if container::record_path(layout, id).exists() {
        return Ok(());
    }
    let path = layout.container(id);
    let discard = || match making::try_lock_folder(&path) {
        // Between the two looks its maker may have finished.
        Ok(Some(_)) if container::record_path(layout, id).exists() => Ok(()),
        Ok(Some(_at_work)) => making::discard(layout, id),
        Ok(None) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    discard().map_err(|source| RepairError::Folder { path: path.clone(), source })
}
