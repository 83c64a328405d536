//! The control group of a container, as the kernel shows it.

use crate::process::file;
use std::fs;
use std::path::{Path, PathBuf};

const MOUNTPOINT: &str = "/sys/fs/cgroup";

/// Whether the host has control groups of version 2 alone.
#[must_use]
pub fn is_version_2() -> bool {
    Path::new(MOUNTPOINT).join("cgroup.controllers").exists()
}

/// What the control group of process `pid` has in the file `v1`, whose name begins with its controller's,
/// or on hosts with version 2 in the file `v2`; without the end of the line. `None` where there is no such file.
#[must_use]
pub fn value(pid: i32, v1: &str, v2: &str) -> Option<String> {
    let file =
        if is_version_2() { folder(pid, "").join(v2) } else { folder(pid, v1.split('.').next()?).join(v1) };
    fs::read_to_string(file).ok().map(|text| text.trim_end().to_owned())
}

/// The folder of the control group of process `pid` in the tree of `controller`.
///
/// # Panics
/// If it is in none.
#[must_use]
pub fn folder(pid: i32, controller: &str) -> PathBuf {
    let groups = fs::read_to_string(file(pid, "cgroup")).expect("the process exists");
    let path = groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let is_tree = parts.next()?.split(',').any(|name| name == controller);
        parts.next().filter(|_| is_tree)
    });
    let path = path.unwrap_or_else(|| panic!("process {pid} is in no group of {controller}:\n{groups}"));
    Path::new(MOUNTPOINT).join(controller).join(path.trim_start_matches('/'))
}
