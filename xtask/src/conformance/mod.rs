//! `cargo xtask conformance [AREA…]`: the same questions put to Docker and to Lighter, answer beside answer.
//!
//! Both run at the same time, each with a folder of its own. Each area is one file here and one page,
//! `docs/conformance-<area>.md`. An answer that differs without a stated reason fails the verb.

mod build;
mod comparison;
mod compose;
mod config;
mod images;
mod isolation;
mod network;
mod operations;
mod page;

use crate::engine::{Engine, Images};
use crate::seed::{self, Registry};
use crate::{build as binary, workspace};
use anyhow::{Result, bail};
use comparison::Comparison;

/// One subject of comparison.
struct Area {
    /// Its word on the command line, and in the page's name.
    name: &'static str,
    title: &'static str,
    /// What a reader must know to judge the answers.
    note: &'static str,
    compare: fn(&Engines) -> Result<Vec<Comparison>>,
}

/// Both engines, with the base images in their stores.
struct Engines {
    lighter: Engine,
    docker: Engine,
}

/// Every area; a new one is a file beside this one and a word here.
const AREAS: &[Area] = &[
    compose::AREA,
    isolation::AREA,
    config::AREA,
    operations::AREA,
    build::AREA,
    images::AREA,
    network::AREA,
];

/// The verb; `names` choose areas, none means all.
pub(crate) fn main(names: &[String]) -> Result<()> {
    let areas = choose(names)?;
    let binary = binary::build_for_development()?;
    let was_running = Registry::running(&seed::folder())?.is_some();
    let registry = seed::publish(&binary, &seed::prepare()?)?;
    let root = workspace::target().join("conformance/root");
    let engines = Engines { lighter: Engine::lighter(binary, &root, &registry), docker: Engine::docker()? };
    let outcome = compare(&areas, &engines, &registry);
    engines.docker.stop()?;
    if !was_running {
        Registry::stop(&seed::folder())?;
    }
    outcome
}

fn choose(names: &[String]) -> Result<Vec<&'static Area>> {
    let known = |name: &String| AREAS.iter().any(|area| area.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<_> = AREAS.iter().map(|area| area.name).collect();
        bail!("conformance knows no area `{unknown}`; there are: {}", all.join(", "));
    }
    Ok(AREAS.iter().filter(|area| names.is_empty() || names.iter().any(|name| name == area.name)).collect())
}

fn compare(areas: &[&Area], engines: &Engines, registry: &Registry) -> Result<()> {
    for engine in [&engines.lighter, &engines.docker] {
        engine.fetch(&Images::from(registry))?;
    }
    let mut differing = 0;
    for area in areas {
        println!("── {}", area.title);
        let comparisons = (area.compare)(engines)?;
        differing += comparisons.iter().filter(|comparison| comparison.is_fault()).count();
        page::write(area, &comparisons)?;
    }
    if differing > 0 {
        bail!("{differing} answers differ from Docker's without a stated reason");
    }
    Ok(())
}
