//! Builds: what a developer waits for between a change and an image.

use super::Area;
use super::figure::{Figure, Target, median};
use super::memory;
use crate::engine::Engine;
use crate::workspace;
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

pub(super) const AREA: Area = Area {
    name: "build",
    title: "Builds",
    note: "`build` of a Compose project. The small context is one file; the large one has 100 folders of 100 files of \
           4.8 kB, copied by one COPY, and content that no cache has seen where it says cold. The parallel build is of two \
           services whose one RUN takes a second. Memory is the most that the engine's processes have during a cold build.",
    measure,
    floor: None,
};

const RUNS: usize = 7;
const COLD_RUNS: usize = 3;
const FOLDERS: usize = 100;
const FILES: usize = 100;
const FILE_BYTES: usize = 4800;
/// How often memory is looked at.
const SAMPLE: Duration = Duration::from_millis(20);

const SMALL: &str = "FROM busybox\nWORKDIR /app\nCOPY app .\nRUN true\nCMD [\"true\"]\n";
const BUILD: [&str; 1] = ["build"];

fn measure(engine: &Engine) -> Result<Vec<Figure>> {
    let mut figures = vec![small(engine)?];
    figures.extend(large(engine)?);
    figures.push(parallel(engine)?);
    Ok(figures)
}

fn small(engine: &Engine) -> Result<Figure> {
    let project = Project::new("small", "services: {web: {build: .}}")?;
    project.write("Dockerfile", SMALL)?;
    project.write("app", "hello")?;
    engine.time(&project.0, &BUILD)?;
    let unchanged = repeat(RUNS, || engine.time(&project.0, &BUILD))?;
    Ok(Figure::milliseconds("rebuild, small context, nothing changed", unchanged)
        .target(Target::AtMost(10.0)))
}

fn large(engine: &Engine) -> Result<Vec<Figure>> {
    let work = |what: &str| format!("rebuild, 10,000 files, 48 MB: {what}");
    let (mut cold, mut peak) = (Vec::new(), 0.0_f64);
    let project = Project::new("large", "services: {web: {build: .}}")?;
    let dockerfile = |command: &str| format!("FROM busybox\nWORKDIR /app\nCOPY src .\nCMD [\"{command}\"]\n");
    project.write("Dockerfile", &dockerfile("true"))?;
    for _ in 0..COLD_RUNS {
        project.fill()?;
        cold.push(engine.time(&project.0, &BUILD)?);
    }
    project.fill()?;
    peak = peak.max(peak_memory(engine, || engine.time(&project.0, &BUILD).map(drop))?);
    let unchanged = repeat(RUNS, || engine.time(&project.0, &BUILD))?;
    let one_file = repeat(RUNS, || {
        project.write("src/7/7", &unseen())?;
        engine.time(&project.0, &BUILD)
    })?;
    let command = repeat(RUNS, || {
        project.write("Dockerfile", &dockerfile(&unseen()))?;
        engine.time(&project.0, &BUILD)
    })?;
    Ok(vec![
        Figure::milliseconds(work("nothing changed"), unchanged).target(Target::AtMost(45.0)),
        Figure::milliseconds(work("one file changed"), one_file).target(Target::AtMost(120.0)),
        Figure::milliseconds(work("CMD changed"), command).target(Target::AtMost(45.0)),
        Figure::milliseconds(work("cold"), median(cold)).target(Target::AtMost(600.0)),
        Figure::mebibytes("peak memory of a cold build, 10,000 files (PSS)", peak),
    ])
}

fn parallel(engine: &Engine) -> Result<Figure> {
    let service = |name: &str| format!("  {name}: {{build: {{context: ., dockerfile: {name}}}}}\n");
    let project = Project::new("parallel", &format!("services:\n{}{}", service("one"), service("two")))?;
    let both = repeat(COLD_RUNS, || {
        for name in ["one", "two"] {
            project.write(name, &format!("FROM busybox\nRUN sleep 1; echo {name} {}\n", unseen()))?;
        }
        engine.time(&project.0, &BUILD)
    })?;
    Ok(Figure::milliseconds("two services built together, a RUN of one second each", both))
}

/// A project in a folder of its own, made anew.
struct Project(PathBuf);

impl Project {
    fn new(name: &str, compose: &str) -> Result<Self> {
        let project = Self(workspace::target().join("bench/build").join(name));
        if project.0.exists() {
            std::fs::remove_dir_all(&project.0)?;
        }
        workspace::make_folder(&project.0)?;
        project.write("compose.yaml", compose)?;
        Ok(project)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.0.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Fills `src` with files whose content nobody has seen.
    fn fill(&self) -> Result<()> {
        let filler = ".".repeat(FILE_BYTES);
        for folder in 0..FOLDERS {
            let path = format!("src/{folder}");
            workspace::make_folder(&self.0.join(&path))?;
            for file in 0..FILES {
                let text = format!("{folder} {file} {}{filler}", unseen());
                self.write(&format!("{path}/{file}"), &text[..FILE_BYTES])?;
            }
        }
        Ok(())
    }
}

/// A text that no earlier run has had.
fn unseen() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_nanos().to_string()
}

/// The median of what `work` returns.
fn repeat(runs: usize, mut work: impl FnMut() -> Result<f64>) -> Result<f64> {
    Ok(median((0..runs).map(|_| work()).collect::<Result<_>>()?))
}

/// The most mebibytes that the engine's processes have while `work` is done.
fn peak_memory(engine: &Engine, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let (before, is_over) = (memory::processes(), AtomicBool::new(false));
    thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut peak = 0.0_f64;
            while !is_over.load(Ordering::Relaxed) {
                peak = peak.max(memory::of_engine(engine, &before)?);
                thread::sleep(SAMPLE);
            }
            Ok(peak)
        });
        let worked = work();
        is_over.store(true, Ordering::Relaxed);
        let peak = sampler.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        worked.and(peak)
    })
}
