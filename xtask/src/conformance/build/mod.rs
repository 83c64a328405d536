//! Dockerfiles built by BuildKit and by Lighter: what comes out must be the same file tree and configuration.
//!
//! ```text
//! tests/conformance/build/NAME.txt -> a context folder each   case
//! `image build` by both            -> layers on disk          image
//! layers, mounted one on the other -> a line per file         tree
//! ```

mod case;
mod image;
mod tree;

use super::comparison::Comparison;
use super::{Area, Engines};
use crate::engine::Engine;
use crate::{apt, workspace};
use anyhow::Result;
use case::Case;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) const AREA: Area = Area {
    name: "build",
    title: "What is built of Dockerfiles",
    note: "The Dockerfiles of `tests/conformance/build`, each built without cache by BuildKit and by Lighter from a context \
           of its own. Compared are every path with its type, mode, owner, link, content and xattrs, the image's \
           configuration (Env, Cmd, Entrypoint, User, WorkingDir, ExposedPorts, Volumes, Labels, Healthcheck, StopSignal, \
           Shell, OnBuild), and whether the file is refused. Where answers differ, the lines that differ are shown.",
    compare,
};

/// The name of what is built; its layers are looked at before the next case takes the name.
const IMAGE: &str = "conformance:case";

/// What came of a case.
enum Answer {
    /// The file was refused, or a step failed.
    Refused,
    /// What there is to say of the image, a line each.
    Built(BTreeSet<String>),
}

fn compare(engines: &Engines) -> Result<Vec<Comparison>> {
    apt::install(&["attr"])?;
    Case::all()?.iter().map(|case| compare_case(engines, case)).collect()
}

fn compare_case(engines: &Engines, case: &Case) -> Result<Comparison> {
    let docker = answer(&engines.docker, case)?;
    let lighter = answer(&engines.lighter, case)?;
    let question = format!("{}: {}", case.name, case.title);
    let comparison = Comparison::new(question, only(&docker, &lighter), only(&lighter, &docker));
    Ok(match case.reason.clone() {
        Some(reason) => comparison.on_purpose(reason),
        None => comparison,
    })
}

/// What one engine says and the other does not.
fn only(own: &Answer, other: &Answer) -> String {
    match (own, other) {
        (Answer::Refused, _) => "refused".to_owned(),
        (Answer::Built(_), Answer::Refused) => "built".to_owned(),
        (Answer::Built(own), Answer::Built(other)) => {
            own.difference(other).cloned().collect::<Vec<_>>().join("\n")
        }
    }
}

/// Builds a case and describes the image.
fn answer(engine: &Engine, case: &Case) -> Result<Answer> {
    let folder = workspace::target().join("conformance/build");
    let context = folder.join("context");
    case.unpack(&context)?;
    let build = engine.image().args(["build", "--no-cache", "-t", IMAGE]).args(&case.arguments).arg(".");
    let output = build.folder(&context).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        println!("{}: {} refuses {}", case.name, engine.name, last_words(&said));
        return Ok(Answer::Refused);
    }
    let mut lines = image::configuration(engine, IMAGE)?;
    lines.extend(tree::lines(&image::layers(engine, IMAGE)?, Path::new(&folder))?);
    Ok(Answer::Built(lines))
}

fn last_words(said: &str) -> String {
    let lines: Vec<&str> = said.lines().rev().filter(|line| !line.trim().is_empty()).take(3).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
}
