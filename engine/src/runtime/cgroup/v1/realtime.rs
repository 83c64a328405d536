//! Real-time scheduling on version 1: a group may have only what the groups above it have to give.
//!
//! New groups have none, so the way down to the container's is given what its children need, no more.

use super::super::CgroupError;
use super::{MOUNTPOINT, folder};
use oci_spec::runtime::LinuxCpu;
use std::fs;
use std::path::Path;

const RUNTIME: &str = "cpu.rt_runtime_us";
const PERIOD: &str = "cpu.rt_period_us";
const CONTROLLER: &str = "cpu";

pub(super) fn limit(path: &Path, cpu: &LinuxCpu) -> Result<(), CgroupError> {
    if cpu.realtime_period().is_none() && cpu.realtime_runtime().is_none() {
        return Ok(());
    }
    let group = super::folder(CONTROLLER, path);
    if !group.join(RUNTIME).exists() {
        let limit = "real-time scheduling";
        return Err(CgroupError::NoController { limit, controller: "cpu with RT_GROUP_SCHED" });
    }
    if let Some(runtime) = cpu.realtime_runtime() {
        provide(path, runtime)?;
    }
    if let Some(period) = cpu.realtime_period() {
        folder::write(&group.join(PERIOD), &period.to_string())?;
    }
    cpu.realtime_runtime().map_or(Ok(()), |runtime| folder::write(&group.join(RUNTIME), &runtime.to_string()))
}

/// Gives every group on the way to `path` enough for its children and `runtime` more.
fn provide(path: &Path, runtime: i64) -> Result<(), CgroupError> {
    let mut group = Path::new(MOUNTPOINT).join(CONTROLLER);
    for part in path.parent().into_iter().flatten() {
        group.push(part);
        let needed = given_to_children(&group) + runtime;
        if read(&group) < needed {
            folder::write(&group.join(RUNTIME), &needed.to_string())?;
        }
    }
    Ok(())
}

fn given_to_children(group: &Path) -> i64 {
    let children = fs::read_dir(group).into_iter().flatten().flatten();
    children.map(|child| read(&child.path())).filter(|runtime| *runtime > 0).sum()
}

/// A group's runtime; 0 for what is no group.
fn read(group: &Path) -> i64 {
    fs::read_to_string(group.join(RUNTIME)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
