//! A container's files, as it sees them.

use crate::engine::Engine;
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// The root of a container's mount namespace (proc_pid_root(5)).
pub(super) struct Inside(PathBuf);

impl Inside {
    /// Of the container of `service`, which runs.
    pub(super) fn of(engine: &Engine, folder: &Path, service: &str) -> Result<Self> {
        let id = engine.compose().args(["ps", "-q", service]).folder(folder).read()?;
        let text = engine.program(&["container", "inspect", id.trim()]).read()?;
        let all: serde_json::Value = serde_json::from_str(&text)?;
        let pid = all[0]["State"]["Pid"].as_u64().filter(|pid| *pid != 0).context("the container runs")?;
        Ok(Self(PathBuf::from(format!("/proc/{pid}/root"))))
    }

    /// The text of a file, if it is there.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.0.join(path)).ok()
    }

    /// How many entries a folder has.
    pub(super) fn count(&self, path: &str) -> usize {
        fs::read_dir(self.0.join(path)).map_or(0, Iterator::count)
    }
}

/// Waits for what is to happen.
pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        ensure!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        // Leaves the processor to the watcher, and is short beside what is measured.
        std::thread::sleep(Duration::from_micros(100));
    }
    Ok(())
}
