//! The tutorial stack: what a developer waits for after saving a file.

use super::engine::Engine;
use super::report::median;
use crate::workspace;
use anyhow::Result;
use std::path::Path;

const RUNS: usize = 5;
/// Not the port of the demo, which may be running.
const PORT: &str = "18080";

/// Medians in milliseconds.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) unchanged: f64,
    pub(super) edited: f64,
}

pub(super) fn measure(engine: &Engine) -> Result<Times> {
    let folder = workspace::target().join("bench/flask-redis");
    workspace::make_folder(&folder.join("docker"))?;
    let example = workspace::root().join("examples/flask-redis");
    for file in ["compose.yaml", "docker/Dockerfile.dev", "docker/app.py"] {
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
    Ok(Times { unchanged: median(unchanged), edited: median(edited) })
}

/// An edit nobody has made before, so that no cache knows it.
fn edit(file: &Path, run: usize) -> Result<()> {
    let mut text = std::fs::read_to_string(file)?;
    text.push_str(&format!("# Edit {run} of {:?}.\n", std::time::SystemTime::now()));
    Ok(std::fs::write(file, text)?)
}
