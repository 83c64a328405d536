//! Stores with nothing in them, so that a pull has everything to do.

use crate::engine::Engine;
use crate::program::Program;
use crate::workspace;
use anyhow::{Result, ensure};

/// The engine with an empty store: Lighter in a new root, Docker rid of every image.
pub(super) fn emptied(engine: &Engine) -> Result<Engine> {
    if engine.root().is_some() {
        let folder = workspace::target().join("bench/cold");
        Program::as_root("rm").arg("-rf").arg(&folder).quiet()?;
        return Ok(engine.clone().at(&folder));
    }
    // What builds keep, too: layers of images that were built here.
    engine.program(&["system"]).args(["prune", "--all", "--force"]).quiet()?;
    let root = engine.program(&["info"]).args(["--format", "{{.DockerRootDir}}"]).read()?;
    let layers = format!("{}/image/overlay2/layerdb/sha256", root.trim());
    let left = Program::as_root("ls").arg(&layers).read()?;
    ensure!(left.is_empty(), "layers are left in {layers}: {left}");
    Ok(engine.clone())
}
