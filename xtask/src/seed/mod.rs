//! `cargo xtask seed`: the base images of the examples and tests, where no public registry is reached.
//!
//! ```text
//! Debian packages -> root file systems -> lighter image import ─┐
//! tests/seed/*/Dockerfile  -------------> lighter build --------┴-> lighter image push -> docker-registry
//! ```
//!
//! The registry is a real one, Debian's, unpacked below `target/seed` and started on loopback. Lighter
//! reaches it through its mirror setting for docker.io, so that `FROM python:3.9-slim` stands unchanged.
//! Everything is stamped with a digest of what it was made from; a second run makes nothing again.

mod host;
mod image;
pub(crate) mod public;
mod registry;
mod rootfs;
mod stamp;

use crate::program::Program;
use crate::{apt, build, workspace};
use anyhow::Result;
use std::path::{Path, PathBuf};

pub(crate) use image::Seeds;
pub(crate) use registry::Registry;
pub(crate) use rootfs::RootFileSystems;

/// What must be installed for making the root file systems.
const PACKAGES: [&str; 4] = ["debootstrap", "debian-archive-keyring", "ca-certificates", "tar"];

/// The folder of all that seeding makes.
pub(crate) fn folder() -> PathBuf {
    workspace::target().join("seed")
}

/// The part that needs no `lighter`, and so can be done while it is being built.
pub(crate) fn prepare() -> Result<RootFileSystems> {
    apt::install(&PACKAGES)?;
    workspace::make_folder(&folder())?;
    rootfs::make(&folder())
}

/// Puts the seed images of the tests into the registry, and leaves the registry running.
pub(crate) fn publish(binary: &Path, root_file_systems: &RootFileSystems) -> Result<Registry> {
    publish_these(binary, root_file_systems, Seeds::Tests)
}

/// The same for a choice of seed images.
pub(crate) fn publish_these(
    binary: &Path,
    root_file_systems: &RootFileSystems,
    seeds: Seeds,
) -> Result<Registry> {
    let registry = Registry::start(&folder())?;
    image::publish(binary, root_file_systems, &registry, seeds)?;
    Ok(registry)
}

/// The verb: `seed` makes the images and leaves the registry running, `seed stop` stops it.
pub(crate) fn main(arguments: &[String]) -> Result<()> {
    if arguments == ["stop"] {
        return Registry::stop(&folder());
    }
    let root_file_systems = prepare()?;
    let registry = publish_these(&build::build()?, &root_file_systems, Seeds::Projects)?;
    use_as_mirror(&registry)?;
    println!(
        "the base images are at http://{}; `cargo xtask seed stop` stops that registry",
        registry.address
    );
    Ok(())
}

/// Points the docker.io mirror setting of the default LIGHTER_ROOT at `registry`.
///
/// A setting that somebody else wrote stays as it is.
pub(crate) fn use_as_mirror(registry: &Registry) -> Result<()> {
    const OWN: &str = "# Written by `cargo xtask seed`.\n";
    let settings = Path::new("/var/lib/lighter/registries.toml");
    // Only root may look into the folder.
    let current = Program::as_root("cat").arg(settings).output()?;
    if current.status.success() && !current.stdout.starts_with(OWN.as_bytes()) {
        println!("{} is yours and stays as it is", settings.display());
        return Ok(());
    }
    let text = format!("{OWN}[mirrors]\n\"docker.io\" = [\"http://{}\"]\n", registry.address);
    let draft = folder().join("registries.toml");
    std::fs::write(&draft, text)?;
    Program::as_root("install").args(["-D", "--mode=0644"]).arg(draft).arg(settings).run()
}
