//! Version 2: one tree, where every folder on the way must pass its controllers down.

use super::folder::{self, refused};
use super::{CgroupError, MOUNTPOINT};
use crate::runtime::device;
use nix::fcntl::{OFlag, open as open_file};
use nix::sys::stat::Mode;
use oci_spec::runtime::{LinuxBlockIo, LinuxCpu, LinuxMemory, LinuxResources, LinuxThrottleDevice};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Controllers passed down to containers, where the host has them.
const CONTROLLERS: [&str; 5] = ["cpu", "cpuset", "io", "memory", "pids"];
const DEFAULT_PERIOD: u64 = 100_000;

pub(super) fn folder(path: &Path) -> PathBuf {
    Path::new(MOUNTPOINT).join(path)
}

pub(super) fn open(path: &Path) -> Result<OwnedFd, CgroupError> {
    let path = folder(path);
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    open_file(&path, flags, Mode::empty()).map_err(|errno| refused("open", &path)(errno.into()))
}

pub(super) fn create(path: &Path, resources: &LinuxResources) -> Result<(), CgroupError> {
    let mut parent = PathBuf::from(MOUNTPOINT);
    for part in path {
        pass_controllers_down(&parent)?;
        parent.push(part);
        folder::create(&parent)?;
    }
    let group = parent;
    update(path, resources)?;
    if let Some(rules) = resources.devices() {
        let fd = open(path)?;
        device::enforce(fd.as_fd(), rules).map_err(|source| CgroupError::Devices { path: group, source })?;
    }
    Ok(())
}

/// Sets the limits of a group that is there.
pub(super) fn update(path: &Path, resources: &LinuxResources) -> Result<(), CgroupError> {
    let group = folder(path);
    limits(resources).iter().try_for_each(|(file, value)| write_limit(&group, file, value))
}

fn pass_controllers_down(parent: &Path) -> Result<(), CgroupError> {
    let enabled = folder::read(&parent.join("cgroup.subtree_control"))?;
    let available = folder::read(&parent.join("cgroup.controllers"))?;
    let has = |list: &str, name: &str| list.split_whitespace().any(|entry| entry == name);
    for name in CONTROLLERS.iter().filter(|name| has(&available, name) && !has(&enabled, name)) {
        // A controller that cannot be passed down (cpu with real-time processes about) is missed only where
        // a limit asks for it, and there the error names it.
        let _ = folder::write(&parent.join("cgroup.subtree_control"), &format!("+{name}"));
    }
    Ok(())
}

fn write_limit(group: &Path, file: &'static str, value: &str) -> Result<(), CgroupError> {
    let path = group.join(file);
    if path.exists() {
        let written = folder::write(&path, value);
        return match (file, value.split_once(' ')) {
            ("io.bfq.weight" | "io.weight", Some((device, _))) => {
                written.map_err(|error| error.of_weight(device))
            }
            _ => written,
        };
    }
    match file.split_once('.') {
        // Kernels without swap accounting or a scheduler that weighs lack the file; Docker warns and goes
        // on, and so do we.
        Some(("memory", "swap.max") | ("io", "weight" | "bfq.weight" | "max")) => Ok(()),
        Some((controller, limit)) => Err(CgroupError::NoController { limit, controller }),
        None => Err(refused("find", &path)(io::ErrorKind::NotFound.into())),
    }
}

/// The values to write, in order. Pure.
pub(super) fn limits(resources: &LinuxResources) -> Vec<(&'static str, String)> {
    let mut limits = Vec::new();
    if let Some(memory) = resources.memory() {
        memory_limits(memory, &mut limits);
    }
    if let Some(cpu) = resources.cpu() {
        cpu_limits(cpu, &mut limits);
    }
    if let Some(block_io) = resources.block_io() {
        block_io_limits(block_io, &mut limits);
    }
    if let Some(pids) = resources.pids() {
        limits.push(("pids.max", or_max(pids.limit())));
    }
    limits
}

/// The weight of the one scheduler that takes weights as version 1 did, and of the other one.
fn block_io_limits(block_io: &LinuxBlockIo, limits: &mut Vec<(&'static str, String)>) {
    let mut weigh = |device: &str, weight: u16| {
        limits.push(("io.bfq.weight", format!("{device} {weight}")));
        limits.push(("io.weight", format!("{device} {}", io_weight(weight))));
    };
    block_io.weight().into_iter().for_each(|weight| weigh("default", weight));
    for device in block_io.weight_device().iter().flatten() {
        weigh(&format!("{}:{}", device.major(), device.minor()), device.weight().unwrap_or_default());
    }
    let throttles: [(&str, &Option<Vec<LinuxThrottleDevice>>); 4] = [
        ("rbps", block_io.throttle_read_bps_device()),
        ("wbps", block_io.throttle_write_bps_device()),
        ("riops", block_io.throttle_read_iops_device()),
        ("wiops", block_io.throttle_write_iops_device()),
    ];
    for (kind, devices) in throttles {
        let line = |device: &LinuxThrottleDevice| {
            format!("{}:{} {kind}={}", device.major(), device.minor(), device.rate())
        };
        limits.extend(devices.iter().flatten().map(|device| ("io.max", line(device))));
    }
}

/// Weights 10..1000 onto 1..10000, by the formula that runc and crun share.
fn io_weight(weight: u16) -> u64 {
    1 + (u64::from(weight.clamp(10, 1000)) - 10) * 9_999 / 990
}

fn memory_limits(memory: &LinuxMemory, limits: &mut Vec<(&'static str, String)>) {
    limits.extend(memory.limit().map(|limit| ("memory.max", or_max(limit))));
    limits.extend(memory.reservation().map(|reservation| ("memory.low", reservation.to_string())));
    // The spec counts memory and swap together as version 1 did; version 2 counts swap alone.
    match (memory.swap(), memory.limit()) {
        (Some(swap), Some(limit)) if swap >= limit => {
            limits.push(("memory.swap.max", (swap - limit).to_string()));
        }
        (Some(-1), _) => limits.push(("memory.swap.max", "max".to_owned())),
        (Some(_) | None, _) => {}
    }
}

fn cpu_limits(cpu: &LinuxCpu, limits: &mut Vec<(&'static str, String)>) {
    limits.extend(
        cpu.shares().filter(|shares| *shares > 0).map(|shares| ("cpu.weight", weight(shares).to_string())),
    );
    if cpu.quota().is_some() || cpu.period().is_some() {
        let quota = or_max(cpu.quota().unwrap_or(0));
        limits.push(("cpu.max", format!("{quota} {}", cpu.period().unwrap_or(DEFAULT_PERIOD))));
    }
    limits.extend(cpu.cpus().iter().map(|cpus| ("cpuset.cpus", cpus.clone())));
    limits.extend(cpu.mems().iter().map(|mems| ("cpuset.mems", mems.clone())));
}

/// Shares 2..262144 onto weights 1..10000, by the formula that runc, crun and systemd share.
fn weight(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9_999 / 262_142
}

fn or_max(value: i64) -> String {
    if value > 0 { value.to_string() } else { "max".to_owned() }
}

pub(super) fn join(path: &Path) -> Result<(), CgroupError> {
    folder::write(&folder(path).join("cgroup.procs"), "0")
}

/// Freezing takes effect when `cgroup.events` says so; killing and reading do not need to wait for it.
pub(super) fn set_frozen(path: &Path, is_frozen: bool) -> Result<(), CgroupError> {
    folder::write(&folder(path).join("cgroup.freeze"), if is_frozen { "1" } else { "0" })
}

/// Kills all at once where the kernel can (5.14), and says whether it could.
pub(super) fn kill(path: &Path) -> Result<bool, CgroupError> {
    let file = folder(path).join("cgroup.kill");
    if !file.exists() {
        return Ok(false);
    }
    folder::write(&file, "1").map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(resources: serde_json::Value, expected: &[(&str, &str)]) {
        let resources = serde_json::from_value(resources).expect("resources");
        let limits = limits(&resources);
        let limits: Vec<_> = limits.iter().map(|(file, value)| (*file, value.as_str())).collect();
        assert_eq!(limits, expected);
    }

    #[test]
    fn swap_is_what_is_left_of_the_sum() {
        check(
            json!({"memory": {"limit": 100, "swap": 150, "reservation": 50}}),
            &[("memory.max", "100"), ("memory.low", "50"), ("memory.swap.max", "50")],
        );
        check(json!({"memory": {"swap": -1}}), &[("memory.swap.max", "max")]);
    }

    #[test]
    fn shares_become_a_weight_and_a_quota_keeps_its_period() {
        check(
            json!({"cpu": {"shares": 1024, "quota": 50000, "period": 20000, "cpus": "0-1"}}),
            &[("cpu.weight", "39"), ("cpu.max", "50000 20000"), ("cpuset.cpus", "0-1")],
        );
        check(json!({"cpu": {"quota": 50000}}), &[("cpu.max", "50000 100000")]);
    }

    #[test]
    fn no_limit_on_processes_is_max() {
        check(json!({"pids": {"limit": -1}}), &[("pids.max", "max")]);
    }
}
