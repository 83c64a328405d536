//! The processes of a container, as ps(1) would list them, read from /proc of the host.

use super::NoSuchContainer;
use crate::runtime::cgroup::CgroupError;
use crate::state::Layout;
use engine_spec::ContainerName;

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
    /// The options mean nothing.
    #[error(
        "`{0}` is not an option that `top` knows: give those of `ps`, such as `-ef`, `aux` or `-o pid,comm`"
    )]
    Option(String),
    /// A column that is not known.
    #[error("`{0}` is not a column that `top` knows")]
    Column(String),
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
#[expect(clippy::todo, reason = "lands within the hour")]
pub fn top(layout: &Layout, name: &ContainerName, options: &[String]) -> Result<ProcessTable, TopError> {
    let _ = (layout, name, options);
    todo!("lands within the hour")
}
