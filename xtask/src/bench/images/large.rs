//! An image of 1 GB in many layers.

use crate::engine::Engine;
use crate::workspace;
use anyhow::Result;

const LAYERS: usize = 20;
const LAYER_BYTES: u64 = 50 << 20;
/// Where the registry has them.
pub(super) const REPOSITORY: &str = "bench";
/// The one that both engines pull: the first that Lighter, who comes first, has pushed.
pub(super) const PULLED: &str = "bench/lighter:0";

/// The name that an engine pushes its `run`th image under.
pub(super) fn pushed(engine: &Engine, run: usize) -> String {
    format!("{REPOSITORY}/{}:{run}", engine.name.to_lowercase())
}

/// Builds one that never was: layers of noise and text, half of which compresses.
pub(super) fn build(engine: &Engine, name: &str) -> Result<()> {
    let folder = workspace::target().join("bench/large");
    workspace::make_folder(&folder)?;
    let half = LAYER_BYTES / 2;
    let step = |number: usize| {
        format!(
            "RUN head -c {half} /dev/urandom >/noise-{number} && yes {number}-some-text | head -c {half} >/text-{number}\n"
        )
    };
    let steps: String = (0..LAYERS).map(step).collect();
    std::fs::write(folder.join("Dockerfile"), format!("FROM busybox:latest\n{steps}"))?;
    let project = format!("services:\n  it:\n    build: .\n    image: {name}\n");
    std::fs::write(folder.join("compose.yaml"), project)?;
    engine.compose().folder(&folder).args(["build", "--no-cache"]).quiet()
}
