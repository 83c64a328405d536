//! The tutorial stack: what a developer waits for after saving a file.

use super::Area;
use super::figure::{Figure, Target, median};
use crate::engine::Engine;
use crate::workspace;
use anyhow::Result;
use std::path::Path;

pub(super) const AREA: Area = Area {
    name: "flask",
    title: "The tutorial stack, flask and redis",
    note: "`examples/flask-redis`, running, its images built.",
    measure,
    floor: None,
};

const RUNS: usize = 5;
/// Not the port of the demo, which may be running.
const PORT: &str = "18080";

fn measure(engine: &Engine) -> Result<Vec<Figure>> {
    let folder = workspace::target().join("bench/flask-redis");
    workspace::make_folder(&folder.join("docker"))?;
    let example = workspace::root().join("examples/flask-redis");
    for file in ["compose.yaml", "docker/Dockerfile.dev", "docker/requirements.txt", "docker/app.py"] {
        std::fs::copy(example.join(file), folder.join(file))?;
    }
    std::fs::write(folder.join(".env"), format!("WEB_PORT={PORT}\n"))?;
    let up = ["up", "-d", "--build"];
    engine.time(&folder, &up)?;
    let (mut unchanged, mut edited) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        unchanged.push(engine.time(&folder, &up)?);
        edit(&folder.join("docker/app.py"), run)?;
        edited.push(engine.time(&folder, &up)?);
    }
    engine.time(&folder, &["down", "-v"])?;
    Ok(vec![
        Figure::milliseconds("flask + redis: `up -d --build`, nothing changed", median(unchanged))
            .target(Target::AtMost(20.0)),
        Figure::milliseconds("flask + redis: edit app.py, `up -d --build`", median(edited))
            .target(Target::AtMost(500.0)),
    ])
}

/// An edit nobody has made before, so that no cache knows it.
fn edit(file: &Path, run: usize) -> Result<()> {
    let mut text = std::fs::read_to_string(file)?;
    text.push_str(&format!("# Edit {run} of {:?}.\n", std::time::SystemTime::now()));
    Ok(std::fs::write(file, text)?)
}
