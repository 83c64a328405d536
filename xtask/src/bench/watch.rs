//! `watch`: how long a save takes until the container has it, and what watching costs while nothing happens.

use super::Area;
use super::figure::{Figure, Target, median};
use crate::engine::Engine;
use crate::workspace;
use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

pub(super) const AREA: Area = Area {
    name: "watch",
    title: "Watch",
    note: "One service of `busybox sleep`, a `sync` rule on a folder beside an ignored one of 50,000 files. \
           A save is visible when its text can be read in the container's mount namespace.",
    measure,
    floor: None,
};

const FILE: &str = "\
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    develop:
      watch:
        - {action: sync, path: ./src, target: /app, ignore: [node_modules/]}
";
const SAVES: usize = 40;
const BURST: usize = 5000;
const IGNORED: usize = 50_000;
const IDLE: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(60);

fn measure(engine: &Engine) -> Result<Vec<Figure>> {
    let folder = project()?;
    engine.time(&folder, &["up", "-d"])?;
    let inside = Inside::of(engine, &folder)?;
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
    Ok(vec![
        Figure::milliseconds("one save to visible, p50", median(saves.clone())).target(Target::AtMost(5.0)),
        Figure::milliseconds("one save to visible, p99", percentile(saves, 99)).target(Target::AtMost(25.0)),
        Figure::milliseconds(format!("{BURST} new files to visible"), burst),
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
    workspace::remove_folder(&folder.join("src/burst"))?;
    fs::write(folder.join("compose.yaml"), FILE)?;
    Ok(folder)
}

/// Milliseconds from the save of a file to its text in the container.
fn save(folder: &Path, inside: &Inside, number: usize) -> Result<f64> {
    let text = format!("save {number} at {:?}", Instant::now());
    let start = Instant::now();
    fs::write(folder.join("src/file"), &text)?;
    inside.until(|root| fs::read_to_string(root.join("app/file")).is_ok_and(|seen| seen == text))?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

fn burst(folder: &Path, inside: &Inside) -> Result<f64> {
    let burst = folder.join("src/burst");
    workspace::make_folder(&burst)?;
    let start = Instant::now();
    for number in 0..BURST {
        fs::write(burst.join(format!("file{number}")), "text")?;
    }
    inside.until(|root| fs::read_dir(root.join("app/burst")).is_ok_and(|files| files.count() >= BURST))?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(index).copied().unwrap_or_default()
}

/// The container's files, as it sees them.
struct Inside(PathBuf);

impl Inside {
    fn of(engine: &Engine, folder: &Path) -> Result<Self> {
        let id = engine.compose().args(["ps", "-q", "web"]).folder(folder).read()?;
        let text = engine.program(&["container", "inspect", id.trim()]).read()?;
        let all: serde_json::Value = serde_json::from_str(&text)?;
        let pid = all[0]["State"]["Pid"].as_u64().filter(|pid| *pid != 0).context("the container runs")?;
        Ok(Self(PathBuf::from(format!("/proc/{pid}/root"))))
    }

    fn until(&self, mut is_there: impl FnMut(&Path) -> bool) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while !is_there(&self.0) {
            ensure!(Instant::now() < end, "not visible within {PATIENCE:?}");
            // Leaves the processor to the watcher, and is short beside what is measured.
            std::thread::sleep(Duration::from_micros(100));
        }
        Ok(())
    }
}

/// A watcher in the foreground, as a child.
struct Watcher {
    child: Child,
}

impl Watcher {
    /// Returns when it says that it watches.
    fn start(engine: &Engine, folder: &Path) -> Result<Self> {
        let mut command = engine.compose().args(["watch", "--no-up"]).folder(folder).command();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().context("stderr is a pipe")?;
        let mut lines = BufReader::new(stderr).lines();
        // Lighter: "watching web", Docker: "Watch enabled".
        let says_so =
            |line: std::io::Result<String>| line.is_ok_and(|line| line.to_lowercase().contains("watch"));
        if !lines.any(says_so) {
            bail!("the watcher ended");
        }
        // Nobody may be kept from writing by a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || BufReader::new(stdout).lines().for_each(drop));
        }
        Ok(Self { child })
    }

    fn stop(&mut self) -> Result<()> {
        crate::program::Program::new("kill").args(["-INT", &self.child.id().to_string()]).run()?;
        self.child.wait()?;
        Ok(())
    }

    /// Milliseconds of processor time in a second in which nothing happens, with those of its children.
    fn idle_share(&self) -> Result<f64> {
        let before = self.ticks()?;
        std::thread::sleep(IDLE);
        let ticks = self.ticks()? - before;
        // USER_HZ is 100 on every Linux, time(7).
        Ok(ticks * 10.0 / IDLE.as_secs_f64())
    }

    fn ticks(&self) -> Result<f64> {
        let mut ticks = 0.0;
        for pid in self.family()? {
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
    fn memory(&self) -> Result<f64> {
        let sizes = self.family()?.into_iter().map(super::memory::proportional_set_size);
        Ok(sizes.sum::<Result<f64>>()? / 1024.0)
    }

    /// The watcher and the processes it started: `docker compose` is a child of `docker`.
    fn family(&self) -> Result<Vec<u32>> {
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(pid) = family.get(next).copied() {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            next += 1;
        }
        Ok(family)
    }
}
