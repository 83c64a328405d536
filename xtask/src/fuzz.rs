//! `cargo xtask fuzz [TARGET [SECONDS]]`: hostile input, made by the machine, to what reads it.
//!
//! The targets are a workspace of their own in `tests/fuzz`, for they need a runtime that nothing else
//! here does. Without a sanitizer they run on the stable compiler: what counts is panics, memory and time.

use crate::program::{Program, find};
use crate::workspace;
use anyhow::{Result, bail};

const USUAL_SECONDS: &str = "60";

/// The verb: without a target, every target for a minute.
pub(crate) fn main(arguments: &[String]) -> Result<()> {
    if find("cargo-fuzz").is_none() {
        bail!("cargo-fuzz is not installed; `cargo install cargo-fuzz` installs it");
    }
    match arguments {
        [] => targets()?.iter().try_for_each(|target| run(target, USUAL_SECONDS)),
        [target] => run(target, USUAL_SECONDS),
        [target, seconds] => run(target, seconds),
        [_, _, surplus, ..] => bail!("fuzz takes a target and a number of seconds, not `{surplus}`"),
    }
}

fn targets() -> Result<Vec<String>> {
    let list = Program::cargo().args(["fuzz", "list", "--fuzz-dir", "tests/fuzz"]).read()?;
    Ok(list.split_whitespace().map(str::to_owned).collect())
}

/// Findings are left in `tests/fuzz/artifacts`; each becomes a test where the fault is mended.
fn run(target: &str, seconds: &str) -> Result<()> {
    println!("── {target}, {seconds} s");
    let limit = format!("-max_total_time={seconds}");
    Program::cargo()
        .args(["fuzz", "run", "--fuzz-dir", "tests/fuzz", "--sanitizer", "none", target, "--"])
        .args([limit.as_str(), "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
        .env("CARGO_TARGET_DIR", workspace::target().join("fuzz").display().to_string())
        .run()
}
