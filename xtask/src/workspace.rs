//! Where things are: the folders of the repository and of what is built from it.

use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// The repository's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository's folder")
}

/// The folder cargo builds into.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The static release binary, which `cargo xtask build` makes.
pub(crate) fn binary() -> PathBuf {
    target().join("release/lighter")
}

/// What sits beside the repository: references, peers and the floor of the benchmarks.
pub(crate) fn shared() -> PathBuf {
    root().join("../shared")
}

/// Makes `folder` with all folders above it.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// Removes `folder` and all in it; as root, for root file systems hold files of others.
pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    crate::program::Program::as_root("rm").args(["-rf", "--one-file-system"]).arg(folder).run()
}
