//! The bare limit of a pull: the layers' blobs decompressed and written by the tools that every host has.

use super::super::figure::{Figure, median};
use super::{LARGE_PULL, LARGE_RUNS, PULLED, large, pull_of};
use crate::program::Program;
use crate::seed::{self, Registry};
use crate::workspace;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

/// One figure for each image that is pulled; the large ones are forgotten afterwards.
pub(super) fn unpack_all() -> Result<Vec<Figure>> {
    let store = seed::folder().join("registry/docker/registry/v2");
    let works = PULLED.map(|image| (format!("library/{image}"), pull_of(image)));
    let large_image = [(large::PULLED.to_owned(), LARGE_PULL.to_owned())];
    let mut figures = Vec::new();
    for (image, work) in works.into_iter().chain(large_image) {
        let blobs = layers(&store, &image)?;
        let times = (0..LARGE_RUNS).map(|_| unpack(&blobs));
        figures.push(Figure::milliseconds(work, median(times.collect::<Result<_>>()?)));
    }
    Registry::forget(&seed::folder(), large::REPOSITORY)?;
    Ok(figures)
}

/// The files in which the registry keeps an image's layers.
fn layers(store: &Path, image: &str) -> Result<Vec<PathBuf>> {
    let (repository, tag) = image.split_once(':').context("an image has a tag")?;
    let tags = store.join("repositories").join(repository).join("_manifests/tags");
    let link = tags.join(tag).join("current/link");
    let digest = std::fs::read_to_string(&link).with_context(|| format!("cannot read {}", link.display()))?;
    let blob = |digest: &str| {
        let hex = digest.trim().trim_start_matches("sha256:");
        store.join("blobs/sha256").join(&hex[..2]).join(hex).join("data")
    };
    let manifest: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(blob(&digest))?)?;
    let layers = manifest["layers"].as_array().context("the manifest has layers")?;
    Ok(layers.iter().filter_map(|layer| layer["digest"].as_str()).map(blob).collect())
}

/// Milliseconds for all blobs: as many at once as there are processors, then on disk.
fn unpack(blobs: &[PathBuf]) -> Result<f64> {
    let folder = workspace::target().join("bench/unpacked");
    workspace::make_folder(&folder)?;
    let waiting = Mutex::new(blobs.iter().enumerate());
    let next = || waiting.lock().expect("no thread panics").next();
    let work = || -> Result<()> {
        while let Some((number, blob)) = next() {
            let tree = folder.join(number.to_string());
            workspace::make_folder(&tree)?;
            Program::as_root("tar").arg("-xzf").arg(blob).arg("-C").arg(&tree).quiet()?;
        }
        Ok(())
    };
    let start = Instant::now();
    let processors = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no thread panics"))
    })?;
    Program::as_root("sync").arg("--file-system").arg(&folder).quiet()?;
    let took = start.elapsed().as_secs_f64() * 1000.0;
    Program::as_root("rm").arg("-rf").arg(&folder).quiet()?;
    Ok(took)
}
