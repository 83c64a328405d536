//! What the kernel alone needs, from the program in `../shared/bench/floor`.

use super::figure::median;
use crate::program::Program;
use crate::{seed, workspace};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

const RUNS: usize = 5;

/// Medians in milliseconds for one number of containers.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) up: f64,
    pub(super) down: f64,
}

pub(super) fn measure(counts: &[usize]) -> Result<Vec<Times>> {
    let program = build()?;
    let root = root_file_system()?;
    println!("the kernel alone");
    counts.iter().map(|count| measure_one(&program, &root, *count)).collect()
}

fn measure_one(program: &Path, root: &Path, count: usize) -> Result<Times> {
    let (mut ups, mut downs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        // In a network namespace of its own: the kernel takes its time over the links of the run before,
        // and the names are the same.
        let floor = Program::as_root("unshare").arg("--net").arg(program);
        let line = floor.arg(root).arg(count.to_string()).read()?;
        let value = |name: &str| -> Result<f64> {
            let word = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            word.and_then(|word| word.parse().ok())
                .with_context(|| format!("floor printed no {name}: {line}"))
        };
        ups.push(value("up_ms=")?);
        downs.push(value("down_ms=")?);
    }
    Ok(Times { up: median(ups), down: median(downs) })
}

/// Built from a copy: `../shared` may be read-only, and cargo writes a lock file beside the manifest.
fn build() -> Result<PathBuf> {
    let copy = workspace::target().join("bench/floor");
    workspace::make_folder(&copy.join("src"))?;
    for file in ["Cargo.toml", "src/main.rs"] {
        let text = std::fs::read(workspace::shared().join("bench/floor").join(file))?;
        std::fs::write(copy.join(file), text)?;
    }
    Program::cargo()
        .args(["build", "--release", "--quiet"])
        .folder(&copy)
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .run()?;
    Ok(copy.join("target/release/floor"))
}

/// The root file system of the busybox image, unpacked.
fn root_file_system() -> Result<PathBuf> {
    let root = workspace::target().join("bench/busybox");
    if !root.exists() {
        workspace::make_folder(&root)?;
        let archive = seed::folder().join("busybox.tar");
        Program::as_root("tar")
            .arg("--extract")
            .arg("--file")
            .arg(archive)
            .arg("--directory")
            .arg(&root)
            .run()?;
    }
    Ok(root)
}
