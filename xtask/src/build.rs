//! `cargo xtask build`: the static release binary, checked to need nothing of the host.

use crate::program::Program;
use crate::{elf, workspace};
use anyhow::{Context as _, Result};
use std::path::PathBuf;

/// Builds `target/release/lighter` and returns its path.
pub(crate) fn build() -> Result<PathBuf> {
    compile(&["--release"])?;
    let binary = workspace::binary();
    elf::check_static_pie(&binary)?;
    Ok(binary)
}

/// Builds the same without optimisation, for the time between two edits, and returns its path.
pub(crate) fn build_for_development() -> Result<PathBuf> {
    compile(&[])?;
    let binary = workspace::target().join("debug/lighter");
    elf::check_static_pie(&binary)?;
    Ok(binary)
}

/// Builds the end-to-end tests as a static program and returns its path.
pub(crate) fn build_scenarios() -> Result<PathBuf> {
    let messages = Program::cargo()
        .args(["rustc", "--package", "scenarios", "--test", "scenarios", "--message-format", "json"])
        .args(["--", "-C", "target-feature=+crt-static"])
        .read()?;
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let program = artifacts
        .filter(|artifact| artifact["target"]["name"] == "scenarios")
        .find_map(|artifact| artifact["executable"].as_str().map(PathBuf::from));
    program.context("cargo named no program of the tests")
}

/// The flag is given to the last compiler call alone: in RUSTFLAGS without `--target` it would
/// reach the procedural macros too, which cannot be linked statically.
fn compile(profile: &[&str]) -> Result<()> {
    Program::cargo()
        .arg("rustc")
        .args(profile)
        .args(["--package", "lighter-cli", "--bin", "lighter"])
        .args(["--", "-C", "target-feature=+crt-static"])
        .run()
}

/// The verb: builds and says what came out.
pub(crate) fn main() -> Result<()> {
    let binary = build()?;
    let megabytes = std::fs::metadata(&binary)?.len() as f64 / 1e6;
    println!("{} ({megabytes:.1} MB, static, position-independent)", binary.display());
    Ok(())
}
