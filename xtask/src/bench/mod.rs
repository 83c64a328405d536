//! `cargo xtask bench`: Lighter, Docker and the bare kernel do the same work on the same machine, in one run.
//!
//! Docker comes from `../shared/peers`, the kernel's own time from `../shared/bench/floor`.
//! The outcome is one table in `docs/benchmarks.md`.

mod engine;
mod flask;
mod floor;
mod memory;
mod report;
mod sleepers;

use crate::seed::{self, Registry};
use crate::{apt, build, workspace};
use anyhow::{Context as _, Result};
use engine::{Docker, Engine, Images};
use report::{Row, Target, Unit};

/// The verb.
pub(crate) fn main() -> Result<()> {
    apt::install(&["busybox-static"])?;
    let binary = build::build()?;
    let was_running = Registry::running(&seed::folder())?.is_some();
    let registry = seed::publish(&binary, &seed::prepare()?)?;
    let lighter = engine::lighter(binary, &registry);
    lighter.fetch(&Images::from(&registry))?;
    let own = Measured::take(&lighter)?;
    let docker = Docker::start()?;
    docker.engine.fetch(&Images::from(&registry))?;
    let theirs = Measured::take(&docker.engine)?;
    docker.stop()?;
    if !was_running {
        Registry::stop(&seed::folder())?;
    }
    let text = report::render(&rows(&own, &theirs, &floor::measure(&sleepers::COUNTS)?)?)?;
    let page = workspace::root().join("docs/benchmarks.md");
    std::fs::write(&page, &text).with_context(|| format!("cannot write {}", page.display()))?;
    println!("{text}");
    Ok(())
}

/// What one engine took for everything.
struct Measured {
    sleepers: Vec<sleepers::Times>,
    crowd: sleepers::Crowd,
    flask: flask::Times,
}

impl Measured {
    fn take(engine: &Engine) -> Result<Self> {
        let mut sleepers = Vec::new();
        for count in sleepers::COUNTS {
            println!("{}: {count} services", engine.name);
            sleepers.push(sleepers::measure(engine, count)?);
        }
        println!("{}: a look at the largest project", engine.name);
        let crowd = sleepers::measure_crowd(engine)?;
        println!("{}: flask and redis", engine.name);
        Ok(Self { sleepers, crowd, flask: flask::measure(engine)? })
    }
}

fn rows(own: &Measured, theirs: &Measured, floor: &[floor::Times]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let of = |unit, work: String, own: f64, theirs: f64, floor: Option<f64>, target| Row {
        work,
        unit,
        docker: theirs,
        floor,
        lighter: own,
        target,
    };
    let time = |work, own, theirs, floor, target| of(Unit::Milliseconds, work, own, theirs, floor, target);
    for (index, count) in sleepers::COUNTS.into_iter().enumerate() {
        let (own, theirs) = (&own.sleepers[index], &theirs.sleepers[index]);
        let target = if count == sleepers::CROWD {
            Target::FasterAndNearFloor { docker: 20.0, floor: 3.0 }
        } else {
            Target::Faster(10.0)
        };
        let kernel = floor.get(index).context("the floor measured fewer counts")?;
        rows.push(time(format!("`up -d`, {count} services"), own.up, theirs.up, Some(kernel.up), target));
        let target = if count == sleepers::CROWD { Target::AtMost(200.0) } else { Target::None };
        rows.push(time(
            format!("`down`, {count} services"),
            own.down,
            theirs.down,
            Some(kernel.down),
            target,
        ));
    }
    let count = sleepers::CROWD;
    let (own_crowd, their_crowd) = (&own.crowd, &theirs.crowd);
    let nothing = format!("`up -d`, nothing to do, {count} services");
    rows.push(time(nothing, own_crowd.nothing_to_do, their_crowd.nothing_to_do, None, Target::AtMost(10.0)));
    rows.push(time(
        format!("`ps`, {count} services"),
        own_crowd.ps,
        their_crowd.ps,
        None,
        Target::AtMost(5.0),
    ));
    let memory = format!("memory of all helper processes, {count} containers (PSS)");
    rows.push(of(Unit::Mebibytes, memory, own_crowd.memory, their_crowd.memory, None, Target::AtMost(50.0)));
    let flask = [
        (
            "flask + redis: `up -d --build`, nothing changed",
            own.flask.unchanged,
            theirs.flask.unchanged,
            20.0,
        ),
        ("flask + redis: edit app.py, `up -d --build`", own.flask.edited, theirs.flask.edited, 500.0),
    ];
    for (work, own, theirs, limit) in flask {
        rows.push(time(work.to_owned(), own, theirs, None, Target::AtMost(limit)));
    }
    Ok(rows)
}
