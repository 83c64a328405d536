//! What a container uses of the machine now, on either version of control groups.

use super::NoSuchContainer;
use crate::runtime::cgroup::CgroupError;
use crate::state::Layout;
use engine_spec::ContainerName;
use std::time::{Duration, Instant};

/// One look at what a container uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// When it was looked at.
    pub at: Instant,
    /// Processor time used since it was started.
    pub cpu: Duration,
    /// Memory in use without the page cache that the kernel can take back, in bytes.
    pub memory: u64,
    /// How much memory it may use: its limit, or the machine's, in bytes.
    pub memory_limit: u64,
    /// Received from its networks, in bytes.
    pub network_received: u64,
    /// Sent to its networks, in bytes.
    pub network_sent: u64,
    /// Read from disks, in bytes.
    pub block_read: u64,
    /// Written to disks, in bytes.
    pub block_written: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// What a container uses could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// It does not run.
    #[error("container {0} is not running")]
    NotRunning(ContainerName),
    /// Its control group could not be read.
    #[error("cannot read what container {name} uses")]
    Cgroup {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: CgroupError,
    },
}

/// Looks at what a running container uses.
///
/// # Errors
/// Says why not, such as that it does not run.
#[expect(clippy::todo, reason = "lands within the hour")]
pub fn stats(layout: &Layout, name: &ContainerName) -> Result<Sample, StatsError> {
    let _ = (layout, name);
    todo!("lands within the hour")
}

impl Sample {
    /// Processor time used since an earlier look, in percent of one processor.
    #[must_use]
    pub fn cpu_percent(&self, earlier: &Self) -> f64 {
        let passed = self.at.saturating_duration_since(earlier.at).as_secs_f64();
        let used = self.cpu.saturating_sub(earlier.cpu).as_secs_f64();
        if passed > 0.0 { 100.0 * used / passed } else { 0.0 }
    }

    /// Memory in use, in percent of the limit.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a percentage needs no 52 bits")]
    pub fn memory_percent(&self) -> f64 {
        if self.memory_limit == 0 { 0.0 } else { 100.0 * self.memory as f64 / self.memory_limit as f64 }
    }
}
