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
/// The kernel's, in microseconds.
const DEFAULT_PERIOD: i64 = 1_000_000;

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
        let period = cpu.realtime_period().and_then(|period| i64::try_from(period).ok());
        provide(path, Budget { runtime, period: period.unwrap_or(DEFAULT_PERIOD) })?;
    }
    if let Some(period) = cpu.realtime_period() {
        folder::write(&group.join(PERIOD), &period.to_string())?;
    }
    cpu.realtime_runtime().map_or(Ok(()), |runtime| folder::write(&group.join(RUNTIME), &runtime.to_string()))
}

/// So much time in so much time.
#[derive(Clone, Copy)]
struct Budget {
    runtime: i64,
    period: i64,
}

impl Budget {
    /// A group's; nothing for what is no group.
    fn read(group: &Path) -> Self {
        let read = |file| fs::read_to_string(group.join(file)).ok()?.trim().parse().ok();
        Self { runtime: read(RUNTIME).unwrap_or(0), period: read(PERIOD).unwrap_or(DEFAULT_PERIOD) }
    }

    /// What it comes to in a group with another period; never less.
    fn within(self, period: i64) -> i64 {
        (self.runtime.max(0) * period).div_euclid(self.period.max(1)) + 1
    }
}

/// Gives every group on the way to `path` enough for its children and `more`.
fn provide(path: &Path, more: Budget) -> Result<(), CgroupError> {
    let mut group = Path::new(MOUNTPOINT).join(CONTROLLER);
    for part in path.parent().into_iter().flatten() {
        group.push(part);
        let own = Budget::read(&group);
        let children = fs::read_dir(&group).into_iter().flatten().flatten();
        let groups = children.map(|child| child.path()).filter(|path| path.join(RUNTIME).exists());
        let given: i64 = groups.map(|group| Budget::read(&group).within(own.period)).sum();
        let needed = given + more.within(own.period);
        if own.runtime < needed {
            folder::write(&group.join(RUNTIME), &needed.to_string())?;
        }
    }
    Ok(())
}
