//! Projects of many services that do nothing: what is measured is the engine alone.

use super::engine::Engine;
use super::memory;
use super::report::median;
use crate::workspace;
use anyhow::Result;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Numbers of services.
pub(super) const COUNTS: [usize; 3] = [1, 10, CROWD];
/// The largest of them.
pub(super) const CROWD: usize = 50;
const RUNS: usize = 5;

/// Medians in milliseconds for one number of services.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) up: f64,
    pub(super) down: f64,
}

/// What it takes to look at, and to keep, the largest project.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) nothing_to_do: f64,
    pub(super) ps: f64,
    /// Mebibytes.
    pub(super) memory: f64,
}

/// Starts and removes `count` services, again and again.
pub(super) fn measure(engine: &Engine, count: usize) -> Result<Times> {
    let folder = project(count)?;
    let (mut ups, mut downs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ups.push(engine.time(&folder, &["up", "-d"])?);
        downs.push(engine.time(&folder, &["down", "-t", "1"])?);
    }
    Ok(Times { up: median(ups), down: median(downs) })
}

/// Keeps the largest project running, and measures what can be asked of it.
pub(super) fn measure_crowd(engine: &Engine) -> Result<Crowd> {
    let folder = project(CROWD)?;
    let before = memory::processes();
    engine.time(&folder, &["up", "-d"])?;
    let memory = memory::of_engine(engine, &before)?;
    let repeat = |arguments: &[&str]| -> Result<f64> {
        let times = (0..RUNS).map(|_| engine.time(&folder, arguments));
        Ok(median(times.collect::<Result<_>>()?))
    };
    let crowd = Crowd { nothing_to_do: repeat(&["up", "-d"])?, ps: repeat(&["ps"])?, memory };
    engine.time(&folder, &["down", "-t", "1"])?;
    Ok(crowd)
}

/// A folder with a file of `count` services.
fn project(count: usize) -> Result<PathBuf> {
    let folder = workspace::target().join(format!("bench/sleepers{count}"));
    workspace::make_folder(&folder)?;
    let mut text = String::from("services:\n");
    for number in 1..=count {
        writeln!(text, "  s{number}: {{image: busybox, command: sleep 1000000, init: true}}")?;
    }
    std::fs::write(folder.join("compose.yaml"), text)?;
    Ok(folder)
}
