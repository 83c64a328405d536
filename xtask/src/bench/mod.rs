//! `cargo xtask bench [AREA…]`: Lighter, Docker and the bare kernel do the same work on the same machine, in one run.
//!
//! Docker comes from `../shared/peers`, the kernel's own time from `../shared/bench/floor`. Each area is
//! one file here and one table of `docs/benchmarks.md`; a run writes the tables of its areas and leaves the others.

mod build;
mod config;
mod figure;
mod flask;
mod floor;
mod images;
mod memory;
mod network;
mod operations;
mod page;
mod row;
mod sleepers;
mod watch;

use crate::engine::{Engine, Images};
use crate::seed::{self, Registry};
use crate::{apt, workspace};
use anyhow::{Result, bail};
use figure::Figure;
use page::Section;

/// One subject of measurement.
struct Area {
    /// Its word on the command line.
    name: &'static str,
    title: &'static str,
    /// What a reader must know to judge the numbers.
    note: &'static str,
    /// Does the work with one engine. Figures of the same `work` meet in one row.
    measure: fn(&Engine) -> Result<Vec<Figure>>,
    /// The same figures for the bare kernel, where there are any.
    floor: Option<fn() -> Result<Vec<Figure>>>,
}

const AREAS: &[Area] = &[
    sleepers::AREA,
    flask::AREA,
    build::AREA,
    operations::AREA,
    config::AREA,
    watch::AREA,
    images::AREA,
    network::AREA,
];

/// The verb; `names` choose areas, none means all.
pub(crate) fn main(names: &[String]) -> Result<()> {
    let areas = choose(names)?;
    apt::install(&["busybox-static"])?;
    let binary = crate::build::build()?;
    let was_running = Registry::running(&seed::folder())?.is_some();
    let registry = seed::publish(&binary, &seed::prepare()?)?;
    let lighter = Engine::lighter(binary, &workspace::target().join("bench/root"), &registry);
    let own = measure(&areas, &lighter, &registry)?;
    // Only now: it changes the host's firewall and adds processes of its own.
    let docker = Engine::docker()?;
    let theirs = measure(&areas, &docker, &registry);
    docker.stop()?;
    let theirs = theirs?;
    if !was_running {
        Registry::stop(&seed::folder())?;
    }
    let mut sections = Vec::new();
    for ((area, own), theirs) in areas.iter().zip(own).zip(theirs) {
        let floor = area.floor.map_or(Ok(Vec::new()), |measure| measure())?;
        let rows = row::join(own, &theirs, &floor);
        sections.push(Section { title: area.title, note: area.note, rows });
    }
    page::update(&workspace::root().join("docs/benchmarks.md"), &sections)
}

fn choose(names: &[String]) -> Result<Vec<&'static Area>> {
    let known = |name: &String| AREAS.iter().any(|area| area.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<_> = AREAS.iter().map(|area| area.name).collect();
        bail!("bench knows no area `{unknown}`; there are: {}", all.join(", "));
    }
    Ok(AREAS.iter().filter(|area| names.is_empty() || names.iter().any(|name| name == area.name)).collect())
}

fn measure(areas: &[&Area], engine: &Engine, registry: &Registry) -> Result<Vec<Vec<Figure>>> {
    engine.fetch(&Images::from(registry))?;
    let each = areas.iter().map(|area| {
        println!("{}: {}", engine.name, area.name);
        (area.measure)(engine)
    });
    each.collect()
}
