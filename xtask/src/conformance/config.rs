//! Compose files of all kinds, read by both: what `config` prints as JSON must be equal as a value.

use super::comparison::Comparison;
use super::{Area, Engines};
use crate::engine::Engine;
use crate::workspace;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

pub(super) const AREA: Area = Area {
    name: "config",
    title: "What is made of Compose files",
    note: "The projects in `tests/conformance/peer`, read by both with `config --format json` as it stands and with \
           some steps left out. Compared are the JSON as a value and whether the file is refused.",
    compare,
};

const WAYS: [&[&str]; 3] = [&[], &["--no-path-resolution"], &["--no-normalize"]];

/// Projects whose answers differ on purpose.
const ON_PURPOSE: &[(&str, &str)] = &[
    ("extends2", "an env file's variables see the service's own, as in later versions"),
    ("override ", "equal lines of extra_hosts are printed once, as in later versions"),
];

fn compare(engines: &Engines) -> Result<Vec<Comparison>> {
    let mut comparisons = Vec::new();
    for folder in projects()? {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for globals in argument_lines(&folder)? {
            for way in WAYS {
                let question = format!("{name} {globals} {}", way.join(" "));
                let docker = answer(&engines.docker, &folder, &globals, way)?;
                let lighter = answer(&engines.lighter, &folder, &globals, way)?;
                let comparison = Comparison::new(question.as_str(), docker, lighter);
                let reason = ON_PURPOSE.iter().find(|(known, _)| question.starts_with(known));
                comparisons.push(match reason {
                    Some((_, reason)) => comparison.on_purpose(*reason),
                    None => comparison,
                });
            }
        }
    }
    Ok(comparisons)
}

fn projects() -> Result<Vec<PathBuf>> {
    let folder = workspace::root().join("tests/conformance/peer");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut projects = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    projects.retain(|path| path.is_dir());
    projects.sort();
    Ok(projects)
}

/// The options to run a project with, a line each in its file `args`; none where there is no such file.
fn argument_lines(folder: &Path) -> Result<Vec<String>> {
    match std::fs::read_to_string(folder.join("args")) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(vec![String::new()]),
        Err(error) => {
            Err(error).with_context(|| format!("cannot read the arguments of {}", folder.display()))
        }
    }
}

fn answer(engine: &Engine, folder: &Path, globals: &str, way: &[&str]) -> Result<String> {
    let program = engine.compose().args(globals.split_whitespace()).args(["config", "--format", "json"]);
    let output = program.args(way).env("SECRET", "hidden").folder(folder).output()?;
    if !output.status.success() {
        return Ok("refused".to_owned());
    }
    let value: serde_json::Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{} printed no JSON for {}", engine.name, folder.display()))?;
    Ok(value.to_string())
}
