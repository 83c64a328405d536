//! What a container uses of the machine now, on either version of control groups.

use super::{NoSuchContainer, find};
use crate::runtime::cgroup::CgroupError;
use crate::state::{Layout, container};
use crate::supervisor::describe;
use engine_spec::{ContainerName, NetworkMode};
use std::fs;
use std::io;
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
pub fn stats(layout: &Layout, name: &ContainerName) -> Result<Sample, StatsError> {
    let id = find(layout, name)?;
    let not_running = || StatsError::NotRunning(name.clone());
    let init = container::status(layout, &id).ok().and_then(|status| status.init).ok_or_else(not_running)?;
    let record = container::load(layout, &id).ok().flatten().ok_or_else(|| NoSuchContainer(name.clone()))?;
    let used = describe::cgroup_of(layout, &id, &record.spec).usage().map_err(|source| {
        // Its group goes with it.
        if init.is_alive() { StatsError::Cgroup { name: name.clone(), source } } else { not_running() }
    })?;
    let (network_received, network_sent) = match &record.spec.network {
        NetworkMode::Networks { .. } => network_bytes(init.pid).unwrap_or_default(),
        NetworkMode::None | NetworkMode::Host | NetworkMode::Container { .. } => (0, 0),
    };
    let of_machine = machine_memory();
    Ok(Sample {
        at: Instant::now(),
        cpu: used.cpu,
        memory: used.memory,
        memory_limit: used.memory_limit.map_or(of_machine, |limit| limit.min(of_machine)),
        network_received,
        network_sent,
        block_read: used.read,
        block_written: used.written,
        pids: used.pids,
    })
}

/// What came in and went out of a process's network, in bytes; not what it said to itself.
fn network_bytes(pid: i32) -> io::Result<(u64, u64)> {
    Ok(parse_network(&fs::read_to_string(format!("/proc/{pid}/net/dev"))?))
}

/// Two lines of titles, then an interface a line: its name, eight numbers received, eight sent.
fn parse_network(text: &str) -> (u64, u64) {
    let interfaces = text.lines().skip(2).filter_map(|line| line.trim().split_once(':'));
    let others = interfaces.filter(|(name, _)| *name != "lo");
    others.fold((0, 0), |(received, sent), (_, numbers)| {
        let numbers: Vec<u64> = numbers.split_whitespace().map(|word| word.parse().unwrap_or(0)).collect();
        let number = |place: usize| numbers.get(place).copied().unwrap_or(0);
        (received + number(0), sent + number(8))
    })
}

/// The machine's memory in bytes (proc_meminfo(5)).
pub(super) fn machine_memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
    total.and_then(|kibibytes| kibibytes.trim().parse::<u64>().ok()).map_or(0, |kibibytes| kibibytes << 10)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_container_says_to_itself_is_no_traffic() {
        let text = "Inter-| Receive | Transmit\n face |bytes\n\
                    lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n\
                    eth0: 100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n\
                    eth1:1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n";
        assert_eq!(parse_network(text), (101, 202));
    }
}
