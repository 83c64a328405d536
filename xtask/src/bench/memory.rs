//! Memory of an engine's own processes: the proportional set size, which counts a shared page once.

use crate::engine::Engine;
use crate::program::Program;
use anyhow::{Context as _, Result};
use std::collections::BTreeSet;
use std::fs;

/// The program that the containers run, which is no helper.
const PAYLOAD: &str = "sleep";

/// The numbers of all processes.
pub(super) fn processes() -> BTreeSet<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Mebibytes of the engine's processes: those that are new, and those of its daemon.
pub(super) fn of_engine(engine: &Engine, before: &BTreeSet<u32>) -> Result<f64> {
    let is_helper = |pid: &u32| {
        let text = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        // A kernel thread has no command line.
        let is_program = !text("cmdline").is_empty() && text("comm").trim() != PAYLOAD;
        let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        is_program && (!before.contains(pid) || program.starts_with(engine.home()))
    };
    let own = std::process::id();
    let helpers = processes().into_iter().filter(|pid| *pid != own).filter(is_helper);
    let kibibytes = helpers.map(proportional_set_size).sum::<Result<f64>>()?;
    Ok(kibibytes / 1024.0)
}

/// In kibibytes; 0 for a process that has just ended.
pub(super) fn proportional_set_size(pid: u32) -> Result<f64> {
    let output = Program::as_root("cat").arg(format!("/proc/{pid}/smaps_rollup")).output()?;
    if !output.status.success() {
        return Ok(0.0);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number =
        line.and_then(|rest| rest.split_whitespace().next()).context("smaps_rollup has no Pss line")?;
    Ok(number.parse()?)
}
