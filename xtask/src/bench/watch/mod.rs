//! `watch`: how long a save takes until the container has it, and what watching costs while nothing happens.

mod inside;
mod watcher;

use super::Area;
use super::figure::{Figure, Target, median, percentile};
use crate::engine::Engine;
use crate::workspace;
use anyhow::{Context as _, Result};
use inside::{Inside, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use watcher::Watcher;

pub(super) const AREA: Area = Area {
    name: "watch",
    title: "Watch",
    note: "A service of `busybox sleep` with a `sync` rule on a folder beside an ignored one of 50,000 files, and one \
           with a `rebuild` rule. A save is visible when its text can be read in the container's mount namespace; \
           a rebuild is over when the program of the new container runs.",
    measure,
    floor: None,
};

/// Docker watches only services that it can build.
const FILE: &str = r#"services:
  web:
    build: {context: image, dockerfile_inline: "FROM busybox"}
    command: sleep 1000000
    init: true
    develop:
      watch:
        - {action: sync, path: ./src, target: /app, ignore: [node_modules/]}
  app:
    build: {context: built, dockerfile_inline: "FROM busybox\nCOPY file /file"}
    command: sh -c 'cp /file /out/file && exec sleep 1000000'
    init: true
    volumes: ['./out:/out']
    develop:
      watch:
        - {action: rebuild, path: ./built}
"#;
const SAVES: usize = 40;
const BURST: usize = 5000;
const IGNORED: usize = 50_000;
const REBUILDS: usize = 5;

fn measure(engine: &Engine) -> Result<Vec<Figure>> {
    let folder = project()?;
    engine.time(&folder, &["up", "-d", "--build"])?;
    let inside = Inside::of(engine, &folder, "web")?;
    let mut watcher = Watcher::start(engine, &folder)?;
    let outcome = measure_watched(&folder, &inside, &watcher);
    watcher.stop()?;
    engine.time(&folder, &["down", "-t", "0"])?;
    outcome
}

fn measure_watched(folder: &Path, inside: &Inside, watcher: &Watcher) -> Result<Vec<Figure>> {
    let saves = (0..SAVES).map(|number| save(folder, inside, number)).collect::<Result<Vec<_>>>()?;
    let (idle, memory) = (watcher.idle_share()?, watcher.memory()?);
    let burst = burst(folder, inside)?;
    let rebuilds = (0..REBUILDS).map(|number| rebuild(folder, number)).collect::<Result<Vec<_>>>()?;
    Ok(vec![
        Figure::milliseconds("one save to visible, p50", median(saves.clone())).target(Target::AtMost(5.0)),
        Figure::milliseconds("one save to visible, p99", percentile(saves, 99)).target(Target::AtMost(25.0)),
        Figure::milliseconds(format!("{BURST} new files to visible"), burst),
        Figure::milliseconds("one save to the new container's program, after a rebuild", median(rebuilds)),
        Figure::milliseconds("processor time of the watcher in a second of rest", idle),
        Figure::mebibytes("memory of the watcher (PSS)", memory),
    ])
}

/// A fresh project; the ignored folder is kept between runs.
fn project() -> Result<PathBuf> {
    let folder = workspace::target().join("bench/watch");
    let ignored = folder.join("src/node_modules");
    for number in 0..IGNORED {
        let file = ignored.join((number % 500).to_string()).join(number.to_string());
        if !file.exists() {
            workspace::make_folder(file.parent().context("a file lies in a folder")?)?;
            fs::write(file, "")?;
        }
    }
    for name in ["src/burst", "out"] {
        workspace::remove_folder(&folder.join(name))?;
    }
    for name in ["image", "built", "out"] {
        workspace::make_folder(&folder.join(name))?;
    }
    fs::write(folder.join("built/file"), "first")?;
    fs::write(folder.join("compose.yaml"), FILE)?;
    Ok(folder)
}

/// Milliseconds from the save of a file to its text in the container.
fn save(folder: &Path, inside: &Inside, number: usize) -> Result<f64> {
    let text = new_text(number);
    let start = Instant::now();
    fs::write(folder.join("src/file"), &text)?;
    until("a save is visible", || inside.read("app/file").is_some_and(|seen| seen == text))?;
    Ok(milliseconds(start))
}

/// Milliseconds from the first of many new files to all of them in the container.
fn burst(folder: &Path, inside: &Inside) -> Result<f64> {
    let burst = folder.join("src/burst");
    workspace::make_folder(&burst)?;
    let start = Instant::now();
    for number in 0..BURST {
        fs::write(burst.join(format!("file{number}")), "text")?;
    }
    until("a burst is visible", || inside.count("app/burst") >= BURST)?;
    Ok(milliseconds(start))
}

/// Milliseconds from the save of a file to the new container, whose program passes it on.
fn rebuild(folder: &Path, number: usize) -> Result<f64> {
    let text = new_text(number);
    let start = Instant::now();
    fs::write(folder.join("built/file"), &text)?;
    let passed_on = folder.join("out/file");
    until("a rebuild is over", || fs::read_to_string(&passed_on).is_ok_and(|seen| seen == text))?;
    Ok(milliseconds(start))
}

/// What no cache knows.
fn new_text(number: usize) -> String {
    format!("save {number} at {:?}", std::time::SystemTime::now())
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
