//! Projects of many services that do nothing: what is measured is the engine alone.

use super::figure::{Figure, Target, median};
use super::{Area, floor, memory};
use crate::engine::Engine;
use crate::workspace;
use anyhow::Result;
use std::fmt::Write as _;
use std::path::PathBuf;

pub(super) const AREA: Area = Area {
    name: "sleepers",
    title: "Many services that do nothing",
    note: "Services are `busybox sleep` with `init: true`; images are present; `down` has `-t 1`.",
    measure,
    floor: Some(measure_floor),
};

/// Numbers of services.
const COUNTS: [usize; 4] = [1, 10, CROWD, THRONG];
/// A large project.
const CROWD: usize = 50;
/// A larger one than most machines see.
const THRONG: usize = 100;
const RUNS: usize = 5;

fn measure(engine: &Engine) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for count in COUNTS {
        figures.extend(measure_project(engine, count)?);
    }
    figures.extend(measure_crowd(engine)?);
    figures.push(measure_throng(engine)?);
    Ok(figures)
}

fn measure_floor() -> Result<Vec<Figure>> {
    let times = floor::measure(&COUNTS)?;
    let figures = COUNTS.into_iter().zip(times).flat_map(|(count, times)| {
        [Figure::milliseconds(up(count), times.up), Figure::milliseconds(down(count), times.down)]
    });
    Ok(figures.collect())
}

/// Starts and removes `count` services, again and again.
fn measure_project(engine: &Engine, count: usize) -> Result<[Figure; 2]> {
    let folder = project(count)?;
    let (mut ups, mut downs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ups.push(engine.time(&folder, &["up", "-d"])?);
        downs.push(engine.time(&folder, &["down", "-t", "1"])?);
    }
    let (up_target, down_target) = match count {
        CROWD => (Target::FasterAndNearFloor { docker: 20.0, floor: 3.0 }, Target::AtMost(200.0)),
        _ => (Target::Faster(10.0), Target::None),
    };
    Ok([
        Figure::milliseconds(up(count), median(ups)).target(up_target),
        Figure::milliseconds(down(count), median(downs)).target(down_target),
    ])
}

/// Keeps a large project running, and measures what can be asked of it.
fn measure_crowd(engine: &Engine) -> Result<[Figure; 3]> {
    let folder = project(CROWD)?;
    let before = memory::processes();
    engine.time(&folder, &["up", "-d"])?;
    let memory = memory::of_engine(engine, &before)?;
    let repeat = |arguments: &[&str]| -> Result<f64> {
        let times = (0..RUNS).map(|_| engine.time(&folder, arguments));
        Ok(median(times.collect::<Result<_>>()?))
    };
    let (nothing_to_do, ps) = (repeat(&["up", "-d"])?, repeat(&["ps"])?);
    engine.time(&folder, &["down", "-t", "1"])?;
    Ok([
        Figure::milliseconds(format!("`up -d`, nothing to do, {CROWD} services"), nothing_to_do)
            .target(Target::AtMost(10.0)),
        Figure::milliseconds(format!("`ps`, {CROWD} services"), ps).target(Target::AtMost(5.0)),
        Figure::mebibytes(memory_of(CROWD), memory).target(Target::AtMost(50.0)),
    ])
}

/// What the larger project needs while it runs.
fn measure_throng(engine: &Engine) -> Result<Figure> {
    let folder = project(THRONG)?;
    let before = memory::processes();
    engine.time(&folder, &["up", "-d"])?;
    let memory = memory::of_engine(engine, &before)?;
    engine.time(&folder, &["down", "-t", "1"])?;
    Ok(Figure::mebibytes(memory_of(THRONG), memory))
}

fn memory_of(count: usize) -> String {
    format!("memory of all helper processes, {count} containers (PSS)")
}

fn up(count: usize) -> String {
    format!("`up -d`, {count} services")
}

fn down(count: usize) -> String {
    format!("`down`, {count} services")
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
