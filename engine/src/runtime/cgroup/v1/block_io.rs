//! Block devices on version 1.
//!
//! Which files there are depends on the schedulers the kernel was built with. Docker passes over a
//! limit that has no file, and so do we.

use super::super::CgroupError;
use super::folder;
use oci_spec::runtime::{LinuxBlockIo, LinuxThrottleDevice};
use std::path::Path;

pub(super) fn limit(group: &Path, limits: &LinuxBlockIo) -> Result<(), CgroupError> {
    if let Some(weight) = limits.weight() {
        write_first(group, ["blkio.weight", "blkio.bfq.weight"], &weight.to_string())?;
    }
    for device in limits.weight_device().iter().flatten() {
        let weight = device.weight().unwrap_or_default();
        let device = format!("{}:{}", device.major(), device.minor());
        let written = write_first(
            group,
            ["blkio.weight_device", "blkio.bfq.weight_device"],
            &format!("{device} {weight}"),
        );
        written.map_err(|error| error.of_weight(&device))?;
    }
    let throttles: [(&str, &Option<Vec<LinuxThrottleDevice>>); 4] = [
        ("read_bps", limits.throttle_read_bps_device()),
        ("write_bps", limits.throttle_write_bps_device()),
        ("read_iops", limits.throttle_read_iops_device()),
        ("write_iops", limits.throttle_write_iops_device()),
    ];
    for (kind, devices) in throttles {
        for device in devices.iter().flatten() {
            let line = format!("{}:{} {}", device.major(), device.minor(), device.rate());
            write_first(group, [format!("blkio.throttle.{kind}_device").as_str()], &line)?;
        }
    }
    Ok(())
}

/// Writes to the first of `files` that exists.
fn write_first<'a>(
    group: &Path,
    files: impl IntoIterator<Item = &'a str>,
    value: &str,
) -> Result<(), CgroupError> {
    let mut paths = files.into_iter().map(|file| group.join(file));
    paths.find(|path| path.exists()).map_or(Ok(()), |path| folder::write(&path, value))
}
