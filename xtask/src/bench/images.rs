//! Images from and to a registry on loopback, and lists of many.

use super::Area;
use super::figure::{Figure, Target, median};
use crate::engine::{Engine, time};
use crate::program::Program;
use crate::seed::{self, Registry};
use crate::workspace;
use anyhow::{Context as _, Result};
use std::path::Path;
use std::time::Instant;

pub(super) const AREA: Area = Area {
    name: "images",
    title: "Images and registries",
    note: "Debian's docker-registry on loopback; an image is removed with all its layers before each pull. The \
           kernel's column is the bare limit: the same layers through `gzip -dc | tar -x`, one after the other, \
           without network, hashing or a store. Memory is the most that Lighter's process had at once; Docker's \
           work is done by daemons that other work shares.",
    measure,
    floor: Some(floor),
};

const RUNS: usize = 3;
/// The images that are pulled, as the registry has them.
const PULLED: [&str; 2] = ["python:3.9-slim", "redis:latest"];
/// Layers of the large image, and bytes of each.
const LARGE: (usize, u64) = (20, 50 << 20);
const LARGE_NAME: &str = "bench/large:1";
const MANY: usize = 500;

fn measure(engine: &Engine) -> Result<Vec<Figure>> {
    let registry = Registry::running(&seed::folder())?.context("the registry has gone")?.address.to_string();
    let mut figures = Vec::new();
    for image in PULLED {
        figures.push(pull(engine, &format!("{registry}/library/{image}"), &format!("cold pull of {image}"))?);
    }
    let large = format!("{registry}/{LARGE_NAME}");
    build_large(engine, &large)?;
    let push = time(engine.image().args(["push", &large]))?;
    figures.push(Figure::milliseconds("push of 1 GB in 20 layers, new to the registry", push));
    figures.push(pull(engine, &large, "cold pull of 1 GB in 20 layers")?.target(Target::None));
    figures.extend(peak_memory(engine, &large)?);
    engine.image().args(["rm", "-f", &large]).quiet()?;
    figures.push(list(engine)?);
    Ok(figures)
}

/// The image is gone before each run, under every name it has.
fn pull(engine: &Engine, image: &str, work: &str) -> Result<Figure> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        remove(engine, image);
        times.push(time(engine.image().args(["pull", "-q", image]))?);
    }
    Ok(Figure::milliseconds(work, median(times)))
}

fn remove(engine: &Engine, image: &str) {
    let short = image.split_once("/library/").map(|(_, short)| short);
    for name in [Some(image), short].into_iter().flatten() {
        let _ = engine.image().args(["rm", "-f", name]).quiet();
    }
}

/// Layers of noise and text, half of which compresses.
fn build_large(engine: &Engine, name: &str) -> Result<()> {
    let folder = workspace::target().join("bench/large");
    workspace::make_folder(&folder)?;
    let (layers, bytes) = LARGE;
    let step = |number: usize| {
        format!(
            "RUN head -c {half} /dev/urandom >/noise-{number} && yes {number}-some-text | head -c {half} >/text-{number}\n",
            half = bytes / 2
        )
    };
    let steps: String = (0..layers).map(step).collect();
    std::fs::write(folder.join("Dockerfile"), format!("FROM busybox:latest\n{steps}"))?;
    std::fs::write(
        folder.join("compose.yaml"),
        format!("services:\n  it:\n    build: .\n    image: {name}\n"),
    )?;
    engine.compose().folder(&folder).args(["build", "--no-cache"]).quiet()
}

/// Of the process that pulls, where it does the work itself.
fn peak_memory(engine: &Engine, image: &str) -> Result<Vec<Figure>> {
    if engine.name != "Lighter" {
        return Ok(Vec::new());
    }
    remove(engine, image);
    let mut child =
        engine.image().args(["pull", "-q", image]).command().stdout(std::process::Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0.0_f64;
    while child.try_wait()?.is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        most = most.max(peak.unwrap_or(0.0));
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ok(vec![Figure::mebibytes("peak memory of that pull", most / 1024.0).target(Target::AtMost(64.0))])
}

/// `image ls` with many names of many images.
fn list(engine: &Engine) -> Result<Figure> {
    let empty = workspace::target().join("bench/empty.tar");
    Program::new("tar").arg("-cf").arg(&empty).args(["-T", "/dev/null"]).quiet()?;
    let names: Vec<String> = (0..MANY).map(|number| format!("bench-many:{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let label = format!("LABEL number={number}");
        engine.image().args(["import", "-c", &label]).arg(&empty).arg(name).quiet()?;
    }
    let times = (0..11).map(|_| time(engine.image().args(["ls"])));
    let middle = median(times.collect::<Result<_>>()?);
    for names in names.chunks(50) {
        engine.image().args(["rm", "-f"]).args(names).quiet()?;
    }
    Ok(Figure::milliseconds("`image ls` with 500 images", middle).target(Target::AtMost(20.0)))
}

/// The layers' blobs decompressed and written by the tools that every host has.
fn floor() -> Result<Vec<Figure>> {
    let store = seed::folder().join("registry/docker/registry/v2");
    let works = PULLED.map(|image| (format!("library/{image}"), format!("cold pull of {image}")));
    let large = [(LARGE_NAME.to_owned(), "cold pull of 1 GB in 20 layers".to_owned())];
    let mut figures = Vec::new();
    for (image, work) in works.into_iter().chain(large) {
        let blobs = layers(&store, &image)?;
        let mut times = Vec::new();
        for _ in 0..RUNS {
            times.push(unpack(&blobs)?);
        }
        figures.push(Figure::milliseconds(work, median(times)));
    }
    Ok(figures)
}

/// The files in which the registry keeps an image's layers.
fn layers(store: &Path, image: &str) -> Result<Vec<std::path::PathBuf>> {
    let (repository, tag) = image.split_once(':').context("an image has a tag")?;
    let link =
        store.join("repositories").join(repository).join("_manifests/tags").join(tag).join("current/link");
    let digest = std::fs::read_to_string(&link).with_context(|| format!("cannot read {}", link.display()))?;
    let blob = |digest: &str| {
        let hex = digest.trim().trim_start_matches("sha256:");
        store.join("blobs/sha256").join(&hex[..2]).join(hex).join("data")
    };
    let manifest: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(blob(&digest))?)?;
    let layers = manifest["layers"].as_array().context("the manifest has layers")?;
    Ok(layers.iter().filter_map(|layer| layer["digest"].as_str()).map(blob).collect())
}

fn unpack(blobs: &[std::path::PathBuf]) -> Result<f64> {
    let folder = workspace::target().join("bench/unpacked");
    let start = Instant::now();
    for (number, blob) in blobs.iter().enumerate() {
        let tree = folder.join(number.to_string());
        workspace::make_folder(&tree)?;
        Program::as_root("tar").args(["-xzf"]).arg(blob).arg("-C").arg(&tree).quiet()?;
    }
    let took = start.elapsed().as_secs_f64() * 1000.0;
    Program::as_root("rm").arg("-rf").arg(&folder).quiet()?;
    Ok(took)
}
