//! A watcher in the foreground, as a child, and what it needs.

use super::inside::until;
use crate::bench::memory;
use crate::engine::Engine;
use crate::program::Program;
use anyhow::{Context as _, Result};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

const IDLE: Duration = Duration::from_secs(5);
/// What each engine says when it watches.
const READY: [&str; 2] = ["watching ", "Watch enabled"];

pub(super) struct Watcher {
    child: Child,
}

impl Watcher {
    /// Returns when it says that it watches.
    pub(super) fn start(engine: &Engine, folder: &Path) -> Result<Self> {
        let path = folder.join("watch.log");
        let log = File::create(&path)?;
        let mut command = engine.compose().args(["watch", "--no-up"]).folder(folder).command();
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut watcher = Self { child: command.spawn()? };
        let said = || fs::read_to_string(&path).unwrap_or_default();
        let outcome = until("the watcher watches", || READY.iter().any(|words| said().contains(words)));
        if outcome.is_err() {
            watcher.stop()?;
        }
        outcome.with_context(said)?;
        Ok(watcher)
    }

    pub(super) fn stop(&mut self) -> Result<()> {
        Program::new("kill").args(["-INT", &self.child.id().to_string()]).run()?;
        self.child.wait()?;
        Ok(())
    }

    /// Milliseconds of processor time in a second in which nothing happens, with those of its children.
    pub(super) fn idle_share(&self) -> Result<f64> {
        let before = self.ticks()?;
        std::thread::sleep(IDLE);
        let ticks = self.ticks()? - before;
        // USER_HZ is 100 on every Linux, time(7).
        Ok(ticks * 10.0 / IDLE.as_secs_f64())
    }

    fn ticks(&self) -> Result<f64> {
        let mut ticks = 0.0;
        for pid in self.family() {
            let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            let (_, fields) = text.rsplit_once(')').context("stat has a name")?;
            let fields: Vec<&str> = fields.split_whitespace().collect();
            let number = |index: usize| -> f64 {
                fields.get(index).and_then(|field| field.parse().ok()).unwrap_or(0.0)
            };
            ticks += number(11) + number(12);
        }
        Ok(ticks)
    }

    /// Mebibytes.
    pub(super) fn memory(&self) -> Result<f64> {
        let sizes = self.family().into_iter().map(memory::proportional_set_size);
        Ok(sizes.sum::<Result<f64>>()? / 1024.0)
    }

    /// The watcher and the processes it started: `docker compose` is a child of `docker`.
    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(pid) = family.get(next).copied() {
            // Any thread of a process may have started another.
            for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
                let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
                family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            }
            next += 1;
        }
        family
    }
}
