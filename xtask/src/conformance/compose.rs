//! Compose command lines, one after the other on one project: exit code and what a script would read.

use super::comparison::Comparison;
use super::{Area, Engines};
use crate::engine::Engine;
use crate::workspace;
use anyhow::Result;
use std::path::Path;

pub(super) const AREA: Area = Area {
    name: "compose",
    title: "Compose command lines",
    note: "Each line is run by both on a project of the same name, in this order. Compared are the exit code and stdout.",
    compare,
};

const FILE: &str = "\
name: parity
services:
  web: {image: busybox, command: sleep 1000000, init: true, depends_on: [store]}
  store: {image: busybox, command: sleep 1000000, init: true, volumes: ['data:/data']}
volumes: {data: {}}
";

const LINES: &[&str] = &[
    "config --services",
    "config --volumes",
    "up -d",
    "ps --services",
    "exec -T web echo heard",
    "exec -T web false",
    "exec -T nowhere true",
    "stop web",
    "ps --services --status running",
    "start web",
    "up -d --scale web=2",
    "ps --services --status running",
    "kill store",
    "rm -f store",
    "up -d",
    "logs nowhere",
    "down -v",
    "ps -q",
    "no-such-command",
];

/// Lines whose answers differ on purpose.
const ON_PURPOSE: &[(&str, &str)] = &[
    ("rm -f store", "what is being done is talk and goes to stderr"),
    ("no-such-command", "an error is one message on stderr with exit code 1, not the help on stdout"),
];

fn compare(engines: &Engines) -> Result<Vec<Comparison>> {
    let folder = workspace::target().join("conformance/compose");
    workspace::make_folder(&folder)?;
    std::fs::write(folder.join("compose.yaml"), FILE)?;
    LINES
        .iter()
        .map(|line| {
            let docker = answer(&engines.docker, &folder, line)?;
            let comparison = Comparison::new(*line, docker, answer(&engines.lighter, &folder, line)?);
            let reason = ON_PURPOSE.iter().find(|(known, _)| known == line);
            Ok(match reason {
                Some((_, reason)) => comparison.on_purpose(*reason),
                None => comparison,
            })
        })
        .collect()
}

fn answer(engine: &Engine, folder: &Path, line: &str) -> Result<String> {
    let output = engine.compose().args(line.split(' ')).folder(folder).output()?;
    let code = output.status.code().unwrap_or(-1);
    Ok(format!("{code} {}", String::from_utf8_lossy(&output.stdout).trim()))
}
