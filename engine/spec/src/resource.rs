//! How much a container may use.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Limits and shares of the container's cgroup; `None` is the kernel's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Memory.
    pub memory: MemoryLimits,
    /// Processors.
    pub cpu: CpuLimits,
    /// Block devices.
    pub block_io: BlockIo,
    /// Processes at most; -1 is without limit.
    pub pids_limit: Option<i64>,
    /// Adjustment of the kernel's out-of-memory score.
    pub oom_score_adj: Option<i32>,
    /// Size of /dev/shm in bytes (64 MiB).
    pub shm_size: Option<u64>,
    /// Process limits by name (`nofile`).
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Size of the container's own files in bytes, where the file system can limit it.
    pub storage_size: Option<u64>,
}

/// Limits of memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryLimits {
    /// Limit in bytes.
    pub limit: Option<u64>,
    /// Soft limit in bytes.
    pub reservation: Option<u64>,
    /// Memory and swap in bytes; -1 is without limit.
    pub swap: Option<i64>,
    /// How readily memory is swapped out, 0 to 100 (cgroup v1 only).
    pub swappiness: Option<u64>,
    /// Processes wait instead of being killed where memory is short (cgroup v1 only).
    pub oom_kill_disable: bool,
}

/// Limits and shares of processor time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuLimits {
    /// Processors in billionths of one.
    pub nanos: Option<u64>,
    /// Relative weight (default 1024).
    pub shares: Option<u64>,
    /// Microseconds per period.
    pub quota: Option<i64>,
    /// Period in microseconds.
    pub period: Option<u64>,
    /// Microseconds of real-time scheduling per period (cgroup v1 only).
    pub realtime_runtime: Option<i64>,
    /// Period of real-time scheduling in microseconds (cgroup v1 only).
    pub realtime_period: Option<u64>,
    /// Processors by number (`0-2,4`).
    pub set: Option<String>,
    /// Memory nodes by number (`0,1`).
    #[serde(default)]
    pub memory_nodes: Option<String>,
}

/// Limits and shares of block devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockIo {
    /// Relative weight, 10 to 1000.
    pub weight: Option<u16>,
    /// Relative weight on single devices.
    pub device_weights: Vec<DeviceRate>,
    /// Bytes read per second at most.
    pub read_bps: Vec<DeviceRate>,
    /// Bytes written per second at most.
    pub write_bps: Vec<DeviceRate>,
    /// Reads per second at most.
    pub read_iops: Vec<DeviceRate>,
    /// Writes per second at most.
    pub write_iops: Vec<DeviceRate>,
}

/// A number that counts for one block device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRate {
    /// The device's path on the host.
    pub path: PathBuf,
    /// The weight, or so much per second.
    pub rate: u64,
}

/// One process limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ulimit {
    /// What the process gets; -1 is without limit.
    pub soft: i64,
    /// How far the process may raise it.
    pub hard: i64,
}
