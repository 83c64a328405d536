//! The most memory that the processes have that do an engine's work.

use super::super::memory;
use crate::engine::Engine;
use crate::program::Program;
use anyhow::Result;
use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

/// Short beside the work, which takes a second at least.
const PAUSE: Duration = Duration::from_millis(5);
/// What `clear_refs` takes for "forget the peak so far" (proc_pid_clear_refs(5)).
const FORGET_PEAK: &str = "5";

/// Mebibytes at the peaks of all processes of the engine that there are while an image command runs.
pub(super) fn of(engine: &Engine, arguments: &[&str]) -> Result<f64> {
    for pid in of_engine(engine) {
        let write = format!("echo {FORGET_PEAK} >/proc/{pid}/clear_refs");
        Program::as_root("sh").args(["-c", &write]).quiet()?;
    }
    let mut child =
        engine.image().args(arguments).command().stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peaks = BTreeMap::new();
    while child.try_wait()?.is_none() {
        // A peak only grows, so the last look at a process counts.
        peaks.extend(of_engine(engine).into_iter().filter_map(|pid| Some((pid, peak(pid)?))));
        std::thread::sleep(PAUSE);
    }
    anyhow::ensure!(child.wait()?.success(), "{} {} failed", engine.name, arguments.join(" "));
    Ok(peaks.values().sum::<f64>() / 1024.0)
}

/// Processes whose programs lie where the engine's do.
fn of_engine(engine: &Engine) -> Vec<u32> {
    let is_own = |pid: &u32| {
        let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        program.starts_with(engine.home()) && *pid != std::process::id()
    };
    memory::processes().into_iter().filter(is_own).collect()
}

/// In kibibytes; none for a process that has just ended.
fn peak(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
