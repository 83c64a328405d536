//! Processes of the machine, as /proc shows them.

use std::fs;
use std::path::{Path, PathBuf};

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its arguments, separated by spaces.
    pub line: String,
}

/// Every process that the engine rooted at `root` started, or that runs in one of its containers.
#[must_use]
pub fn of_engine(root: &Path) -> Vec<Process> {
    let mut processes: Vec<Process> =
        pids().into_iter().filter(|pid| is_of(*pid, root)).map(process).collect();
    processes.sort();
    processes
}

/// The supervisors among them.
#[must_use]
pub fn supervisors(root: &Path) -> Vec<Process> {
    let processes = of_engine(root).into_iter();
    processes.filter(|process| process.line.split(' ').nth(1) == Some("__supervise")).collect()
}

/// The numbers of all processes.
#[must_use]
pub fn pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The value of `field` in `/proc/<pid>/status`.
#[must_use]
pub fn status_field(pid: i32, field: &str) -> Option<String> {
    let status = fs::read_to_string(file(pid, "status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.map(|value| value.trim().to_owned())
}

/// The file `name` of process `pid` in /proc.
#[must_use]
pub fn file(pid: i32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

fn process(pid: i32) -> Process {
    let line = fs::read(file(pid, "cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).trim_end_matches('\0').replace('\0', " ");
    Process { pid, line }
}

/// A process belongs to the engine if it was given the root, or has a mount that lies in it.
fn is_of(pid: i32, root: &Path) -> bool {
    if pid == std::process::id().cast_signed() {
        return false;
    }
    let setting = format!("LIGHTER_ROOT={}", root.display());
    let environment = fs::read(file(pid, "environ")).unwrap_or_default();
    let given = environment.split(|byte| *byte == 0).any(|variable| variable == setting.as_bytes());
    given || has_mount_in(pid, root)
}

/// An overlay names its layers in the last field of its line, inside the container too (proc(5)).
fn has_mount_in(pid: i32, root: &Path) -> bool {
    let own = fs::read_link("/proc/self/ns/mnt").ok();
    let same_namespace = fs::read_link(file(pid, "ns/mnt")).ok() == own;
    let mounts = fs::read_to_string(file(pid, "mountinfo")).unwrap_or_default();
    !same_namespace && mounts.contains(&root.display().to_string())
}
