//! The processes of a container, as ps(1) would list them, read from /proc of the host.

mod column;
mod options;
mod process;

use super::files::{FilesError, record_of};
use super::{NoSuchContainer, find};
use crate::runtime::cgroup::CgroupError;
use crate::state::{Layout, container};
use crate::supervisor::describe;
pub use column::UnknownColumn;
use engine_spec::ContainerName;
pub use options::OptionsError;
use process::{Machine, Process};

/// A list of processes: titles, and one row per process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessTable {
    /// The columns' titles.
    pub titles: Vec<String>,
    /// A value per column, for each process.
    pub rows: Vec<Vec<String>>,
}

/// The processes of a container could not be listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// It does not run.
    #[error("container {0} is not running")]
    NotRunning(ContainerName),
    /// Its record could not be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The options mean nothing.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// Its control group could not be read.
    #[error("cannot list the processes of container {name}")]
    Cgroup {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: CgroupError,
    },
}

/// Lists the processes of a container; `options` are those of ps(1), none is `-ef`.
///
/// # Errors
/// Says why not, such as that it does not run.
pub fn top(layout: &Layout, name: &ContainerName, options: &[String]) -> Result<ProcessTable, TopError> {
    let columns = options::columns(options)?;
    let id = find(layout, name)?;
    let is_running = container::status(layout, &id).is_ok_and(|status| status.status.is_running());
    if !is_running {
        return Err(TopError::NotRunning(name.clone()));
    }
    let record = record_of(layout, name)?;
    let pids = describe::cgroup_of(layout, &id, &record.spec).pids();
    let mut pids = pids.map_err(|source| TopError::Cgroup { name: name.clone(), source })?;
    pids.sort();
    let machine = Machine::read();
    // One that has ended since is not listed.
    let processes = pids.into_iter().filter_map(|pid| Process::read(pid).ok());
    let row = |process: Process| columns.iter().map(|column| column.value(&process, &machine)).collect();
    Ok(ProcessTable {
        titles: columns.iter().map(|column| column.title.clone()).collect(),
        rows: processes.map(row).collect(),
    })
}
