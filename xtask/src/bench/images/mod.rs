//! Images from and to a registry on loopback, and lists of many.

mod bare;
mod large;
mod peak;
mod store;

use super::Area;
use super::figure::{Figure, Target, median};
use crate::engine::{Engine, Images, time};
use crate::program::Program;
use crate::seed::{self, Registry};
use crate::workspace;
use anyhow::{Context as _, Result};

pub(super) const AREA: Area = Area {
    name: "images",
    title: "Images and registries",
    note: "Debian's docker-registry on loopback. Before each pull the store is empty: Lighter has a new `LIGHTER_ROOT`, \
           Docker is rid of all its images and of what its builds keep, and its list of layers is seen to be empty. \
           The large image has 20 layers of 50 MB, one half noise and the other text; both engines pull the one that \
           Lighter has pushed, and push one that each has just built. The kernel's column is the bare limit: the same \
           layers through `tar -xz`, as many at once as there are processors, and one `syncfs`; without network, \
           hashing or a store. Memory is the peak of the processes that work: the command, and Docker's daemons.",
    measure,
    floor: Some(bare::unpack_all),
};

const RUNS: usize = 5;
/// The large image takes its time.
const LARGE_RUNS: usize = 3;
/// The images of others that are pulled, as the registry has them.
const PULLED: [&str; 2] = ["python:3.9-slim", "redis:latest"];
const LARGE_PULL: &str = "cold pull of 1 GB in 20 layers";
const MANY: usize = 500;
const LIST_RUNS: usize = 11;

fn measure(engine: &Engine) -> Result<Vec<Figure>> {
    let registry = Registry::running(&seed::folder())?.context("the registry has gone")?;
    // First, while there are images to build on.
    let pushed = push(engine, &registry)?;
    let mut figures = Vec::new();
    for image in PULLED {
        let name = format!("{}/library/{image}", registry.address);
        let milliseconds = pull(engine, &name, RUNS)?;
        figures.push(Figure::milliseconds(pull_of(image), milliseconds).target(Target::Faster(1.0)));
    }
    let large = format!("{}/{}", registry.address, large::PULLED);
    let milliseconds = pull(engine, &large, LARGE_RUNS)?;
    figures.push(Figure::milliseconds(LARGE_PULL, milliseconds).target(Target::Faster(1.0)));
    let peak = peak::of(&store::emptied(engine)?, &["pull", "-q", &large])?;
    figures.push(Figure::mebibytes("peak memory of that pull", peak).target(Target::AtMost(64.0)));
    figures.extend(pushed);
    store::emptied(engine)?;
    // Other areas need what was there.
    engine.fetch(&Images::from(&registry))?;
    figures.push(list(engine)?);
    Ok(figures)
}

fn pull_of(image: &str) -> String {
    format!("cold pull of {image}")
}

/// The median of some pulls into an empty store.
fn pull(engine: &Engine, image: &str, runs: usize) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let cold = store::emptied(engine)?;
        times.push(time(cold.image().args(["pull", "-q", image]))?);
    }
    Ok(median(times))
}

/// Pushes of images that were just built and that the registry has never seen.
fn push(engine: &Engine, registry: &Registry) -> Result<[Figure; 2]> {
    let (mut times, mut peak) = (Vec::new(), 0.0_f64);
    for run in 0..=LARGE_RUNS {
        let name = format!("{}/{}", registry.address, large::pushed(engine, run));
        large::build(engine, &name)?;
        if run < LARGE_RUNS {
            times.push(time(engine.image().args(["push", &name]))?);
        } else {
            peak = peak::of(engine, &["push", &name])?;
        }
        engine.image().args(["rm", "-f", &name]).quiet()?;
    }
    Ok([
        Figure::milliseconds("push of 1 GB in 20 layers, just built", median(times))
            .target(Target::Faster(1.0)),
        Figure::mebibytes("peak memory of such a push", peak).target(Target::AtMost(64.0)),
    ])
}

/// `image ls` with many images.
fn list(engine: &Engine) -> Result<Figure> {
    let empty = workspace::target().join("bench/empty.tar");
    Program::new("tar").arg("-cf").arg(&empty).args(["-T", "/dev/null"]).quiet()?;
    let names: Vec<String> = (0..MANY).map(|number| format!("bench-many:{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let label = format!("LABEL number={number}");
        engine.image().args(["import", "-c", &label]).arg(&empty).arg(name).quiet()?;
    }
    let times = (0..LIST_RUNS).map(|_| time(engine.image().args(["ls"])));
    let middle = median(times.collect::<Result<_>>()?);
    for names in names.chunks(50) {
        engine.image().args(["rm", "-f"]).args(names).quiet()?;
    }
    Ok(Figure::milliseconds("`image ls` with 500 images", middle).target(Target::AtMost(20.0)))
}
