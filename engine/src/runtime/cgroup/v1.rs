//! Version 1: one tree per controller, each with a folder for the container.
//!
//! `cpu` and `cpuacct` may be one tree behind two names; the same folder is then made twice, which is
//! harmless. `cpuset` is joined only for a limit: a group without processors and memory nodes takes no
//! process, so both must be copied from above first.

mod block_io;
mod realtime;

use super::folder::{self, refused};
use super::{CgroupError, MOUNTPOINT};
use oci_spec::runtime::{LinuxCpu, LinuxMemory, LinuxResources};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Controllers a container always has a group in, where the host has them.
const JOINED: [&str; 7] = ["devices", "freezer", "memory", "pids", "cpu", "cpuacct", "blkio"];
const CPUSET: &str = "cpuset";
/// The controller whose folder lists the container's processes.
pub(super) const CENSUS: &str = "freezer";
const WITHOUT_LIMIT: &str = "-1";

pub(super) fn folder(controller: &str, path: &Path) -> PathBuf {
    Path::new(MOUNTPOINT).join(controller).join(path)
}

/// The folders of `path` in the trees where it exists, by the tree's name.
pub(super) fn folders(path: &Path) -> Vec<(String, PathBuf)> {
    let named = |controller: &&str| (controller.to_string(), folder(controller, path));
    JOINED.iter().chain([&CPUSET]).map(named).filter(|(_, folder)| folder.exists()).collect()
}

/// Every tree, those without a container's folder too.
pub(super) fn trees() -> Result<Vec<PathBuf>, CgroupError> {
    let mountpoint = Path::new(MOUNTPOINT);
    let entries = fs::read_dir(mountpoint).map_err(refused("list", mountpoint))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

pub(super) fn create(path: &Path, resources: &LinuxResources) -> Result<(), CgroupError> {
    for controller in JOINED.iter().filter(|controller| has(controller)) {
        folder::create(&folder(controller, path))?;
    }
    if let Some(devices) = resources.devices() {
        let group = require("devices", "devices", path)?;
        devices.iter().try_for_each(|rule| {
            let file = if rule.allow() { "devices.allow" } else { "devices.deny" };
            folder::write(&group.join(file), &rule.to_string())
        })?;
    }
    update(path, resources)
}

/// Sets the limits of a group that is there.
pub(super) fn update(path: &Path, resources: &LinuxResources) -> Result<(), CgroupError> {
    if let Some(memory) = resources.memory() {
        limit_memory(path, memory)?;
    }
    if let Some(cpu) = resources.cpu() {
        limit_cpu(path, cpu)?;
    }
    if let Some(limits) = resources.block_io() {
        block_io::limit(&require("blkio", "block devices", path)?, limits)?;
    }
    if let Some(pids) = resources.pids() {
        let limit = if pids.limit() > 0 { pids.limit().to_string() } else { "max".to_owned() };
        folder::write(&require("pids", "the number of processes", path)?.join("pids.max"), &limit)?;
    }
    Ok(())
}

fn limit_memory(path: &Path, memory: &LinuxMemory) -> Result<(), CgroupError> {
    let group = require("memory", "memory", path)?;
    let write = |file: &str, value: i64| folder::write(&group.join(file), &value.to_string());
    if let Some(reservation) = memory.reservation() {
        write("memory.soft_limit_in_bytes", reservation)?;
    }
    // Kernels without swap accounting lack the file; Docker warns and goes on, and so do we.
    let both = memory.swap().filter(|_| group.join(MEMORY_AND_SWAP).exists());
    match (memory.limit(), both) {
        // Memory and swap together may never be below memory alone: what grows must grow first.
        (Some(limit), Some(both)) if write("memory.limit_in_bytes", limit).is_err() => {
            write(MEMORY_AND_SWAP, both)?;
            write("memory.limit_in_bytes", limit)?;
        }
        (Some(_), Some(both)) | (None, Some(both)) => write(MEMORY_AND_SWAP, both)?,
        (Some(limit), None) => write("memory.limit_in_bytes", limit)?,
        (None, None) => {}
    }
    if let Some(swappiness) = memory.swappiness() {
        folder::write(&group.join("memory.swappiness"), &swappiness.to_string())?;
    }
    if memory.disable_oom_killer() == Some(true) {
        folder::write(&group.join("memory.oom_control"), "1")?;
    }
    Ok(())
}

const MEMORY_AND_SWAP: &str = "memory.memsw.limit_in_bytes";

fn limit_cpu(path: &Path, cpu: &LinuxCpu) -> Result<(), CgroupError> {
    let write = |file: &str, value: String| {
        folder::write(&require("cpu", "processor time", path)?.join(file), &value)
    };
    if let Some(shares) = cpu.shares() {
        write("cpu.shares", shares.to_string())?;
    }
    if let Some(period) = cpu.period() {
        write("cpu.cfs_period_us", period.to_string())?;
    }
    if let Some(quota) = cpu.quota() {
        let quota = if quota > 0 { quota.to_string() } else { WITHOUT_LIMIT.to_owned() };
        write("cpu.cfs_quota_us", quota)?;
    }
    realtime::limit(path, cpu)?;
    if cpu.cpus().is_some() || cpu.mems().is_some() {
        limit_cpuset(path, cpu.cpus().as_deref(), cpu.mems().as_deref())?;
    }
    Ok(())
}

fn limit_cpuset(path: &Path, cpus: Option<&str>, mems: Option<&str>) -> Result<(), CgroupError> {
    if !has(CPUSET) {
        return Err(CgroupError::NoController { limit: "processors", controller: CPUSET });
    }
    let mut group = Path::new(MOUNTPOINT).join(CPUSET);
    for part in path {
        let parent = group.clone();
        group.push(part);
        folder::create(&group)?;
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if folder::read(&group.join(file))?.trim().is_empty() {
                folder::write(&group.join(file), folder::read(&parent.join(file))?.trim())?;
            }
        }
    }
    cpus.map_or(Ok(()), |cpus| folder::write(&group.join("cpuset.cpus"), cpus))?;
    mems.map_or(Ok(()), |mems| folder::write(&group.join("cpuset.mems"), mems))
}

/// The file and the text by which a thread moves itself.
///
/// Moving a whole process takes a lock against all forks of the machine, which costs milliseconds; a
/// thread that moves itself does not need it (Linux 5.6, `cgroup_procs_write_start`).
pub(in crate::runtime) const SELF_MOVE: (&str, &str) = ("tasks", "0");

pub(super) fn join(path: &Path) -> Result<(), CgroupError> {
    let (file, this) = SELF_MOVE;
    let folders = folders(path);
    if folders.is_empty() {
        return Err(refused("join", &folder(CENSUS, path))(io::ErrorKind::NotFound.into()));
    }
    folders.iter().try_for_each(|(_, folder)| folder::write(&folder.join(file), this))
}

/// Freezing takes effect a moment after the write, and fails now and then while processes fork.
pub(super) fn set_frozen(path: &Path, is_frozen: bool) -> Result<(), CgroupError> {
    let file = folder("freezer", path).join("freezer.state");
    let state = if is_frozen { "FROZEN" } else { "THAWED" };
    for _ in 0..FREEZE_ATTEMPTS {
        folder::write(&file, state)?;
        if folder::read(&file)?.trim() == state {
            return Ok(());
        }
        std::thread::sleep(FREEZE_PAUSE);
    }
    Err(refused(&format!("write `{state}` to"), &file)(io::ErrorKind::TimedOut.into()))
}

const FREEZE_ATTEMPTS: u32 = 1000;
const FREEZE_PAUSE: std::time::Duration = std::time::Duration::from_millis(1);

fn has(controller: &str) -> bool {
    fs::exists(Path::new(MOUNTPOINT).join(controller)).unwrap_or(false)
}

fn require(controller: &'static str, limit: &'static str, path: &Path) -> Result<PathBuf, CgroupError> {
    if has(controller) {
        Ok(folder(controller, path))
    } else {
        Err(CgroupError::NoController { limit, controller })
    }
}
