//! `tests/isolation.txt` under both engines: what a container may not do.

use super::comparison::Comparison;
use super::{Area, Engines};
use crate::engine::Engine;
use crate::workspace;
use anyhow::{Context as _, Result};
use std::path::Path;

pub(super) const AREA: Area = Area {
    name: "isolation",
    title: "What a container may not do",
    note: "Each attempt of `tests/isolation.txt` in a container with every default. Compared is whether it was let through.",
    compare,
};

const FILE: &str = "\
name: isolation
services:
  web: {image: 'debian:bookworm-slim', command: sleep 1000000, init: true}
";

fn compare(engines: &Engines) -> Result<Vec<Comparison>> {
    let folder = workspace::target().join("conformance/isolation");
    workspace::make_folder(&folder)?;
    std::fs::write(folder.join("compose.yaml"), FILE)?;
    let list = std::fs::read_to_string(workspace::root().join("tests/isolation.txt"))?;
    let docker = answers(&engines.docker, &folder, &list)?;
    let lighter = answers(&engines.lighter, &folder, &list)?;
    Ok(docker
        .into_iter()
        .zip(lighter)
        .map(|((name, docker), (_, lighter))| Comparison::new(name, docker, lighter))
        .collect())
}

/// Each attempt's name, and whether `engine` let it through.
fn answers(engine: &Engine, folder: &Path, list: &str) -> Result<Vec<(String, &'static str)>> {
    engine.compose().args(["up", "-d"]).folder(folder).quiet()?;
    let mut answers = Vec::new();
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, script) = line.split_once(" | ").context("a line without a script")?;
        let exec = engine.compose().args(["exec", "-T", "web", "sh", "-c", &expand(script)]).folder(folder);
        let is_through = exec.output()?.status.success();
        answers.push((name.to_owned(), if is_through { "let through" } else { "refused" }));
    }
    engine.compose().args(["down", "-t", "0"]).folder(folder).quiet()?;
    Ok(answers)
}

/// A system call was refused if it failed with EPERM (1) or ENOSYS (38).
fn expand(script: &str) -> String {
    match script.strip_prefix("call ") {
        Some(number) => format!(
            "perl -e '$r = syscall({number}, 0, 0, 0, 0, 0); exit($r == -1 && ($! == 1 || $! == 38) ? 1 : 0)'"
        ),
        None => script.to_owned(),
    }
}
