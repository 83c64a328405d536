//! The seed images themselves: imported or built by `lighter`, then pushed by it.

use super::host::npm;
use super::registry::Registry;
use super::rootfs::{Archive, RootFileSystems};
use super::stamp::Stamp;
use crate::program::Program;
use crate::workspace;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// A seed image: what it is called, and how it comes to be.
struct Seed<'a> {
    repository: &'static str,
    tag: &'static str,
    source: Source<'a>,
}

enum Source<'a> {
    /// An archive to import, and the command the image runs.
    Import { archive: &'a Archive, command: &'static str },
    /// A service of `tests/seed/compose.yaml` to build, on top of Debian.
    Build { service: &'static str, base: &'a Archive },
}

/// Which seed images are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seeds {
    /// Those of the tests.
    Tests,
    /// These and the larger ones, of the examples that fetch packages.
    Projects,
}

/// Makes and pushes every seed image that is not in `registry` as it should be.
pub(super) fn publish(
    binary: &Path,
    files: &RootFileSystems,
    registry: &Registry,
    which: Seeds,
) -> Result<()> {
    let import = |archive, command| Source::Import { archive, command };
    let build = |service| Source::Build { service, base: &files.debian };
    let mut seeds = vec![
        Seed { repository: "debian", tag: "bookworm-slim", source: import(&files.debian, r#"["bash"]"#) },
        Seed { repository: "busybox", tag: "latest", source: import(&files.busybox, r#"["sh"]"#) },
        Seed { repository: "python", tag: "3.9-slim", source: build("python") },
        Seed { repository: "redis", tag: "latest", source: build("redis") },
    ];
    if which == Seeds::Projects {
        seeds.extend([
            Seed { repository: "node", tag: "18-slim", source: build("node") },
            Seed { repository: "golang", tag: "1.19", source: build("golang") },
            Seed { repository: "nginx", tag: "1.22", source: build("nginx") },
        ]);
    }
    let publisher = Publisher { binary, registry, folder: super::folder() };
    seeds.iter().try_for_each(|seed| publisher.publish(seed))
}

struct Publisher<'a> {
    binary: &'a Path,
    registry: &'a Registry,
    folder: PathBuf,
}

impl Publisher<'_> {
    fn publish(&self, seed: &Seed<'_>) -> Result<()> {
        let name = format!("{}:{}", seed.repository, seed.tag);
        let stamp = seed.stamp()?;
        let stamp_name = format!("{}.image", seed.repository);
        let repository = format!("library/{}", seed.repository);
        if stamp.is_current(&self.folder, &stamp_name)? && self.registry.has(&repository, seed.tag) {
            return Ok(());
        }
        println!("making the image {name}");
        self.make(seed, &name).with_context(|| format!("cannot make the seed image {name}"))?;
        let remote = format!("{}/{repository}:{}", self.registry.address, seed.tag);
        self.lighter(["image", "tag", &name, &remote]).quiet()?;
        self.lighter(["image", "push", &remote]).quiet()?;
        stamp.put(&self.folder, &stamp_name)
    }

    fn make(&self, seed: &Seed<'_>, name: &str) -> Result<()> {
        match seed.source {
            Source::Import { archive, command } => {
                let change = format!("CMD {command}");
                let import = self.lighter(["image", "import", "--change", &change]);
                import.arg(&archive.file).arg(name).quiet()
            }
            Source::Build { service, .. } => {
                let build = self.lighter(["build", service]).folder(seed_folder());
                let registry = npm::registry()?;
                registry.into_iter().fold(build, |build, name| build.env("NPM_CONFIG_REGISTRY", name)).quiet()
            }
        }
    }

    /// `lighter` on the store of the seeds.
    fn lighter<const N: usize>(&self, arguments: [&str; N]) -> Program {
        Program::as_root(self.binary).env("LIGHTER_ROOT", self.folder.join("root")).args(arguments)
    }
}

impl Seed<'_> {
    /// The digest of all that the image is made from.
    fn stamp(&self) -> Result<Stamp> {
        match self.source {
            Source::Import { archive, command } => Ok(Stamp::of([archive.stamp.as_str(), command])),
            Source::Build { service, base } => {
                let mut inputs = vec![base.stamp.as_str().as_bytes().to_vec()];
                inputs.push(std::fs::read(seed_folder().join("compose.yaml"))?);
                let mut files: Vec<PathBuf> = Vec::new();
                for entry in std::fs::read_dir(seed_folder().join(service))? {
                    files.push(entry?.path());
                }
                files.sort();
                for file in files {
                    inputs.push(std::fs::read(file)?);
                }
                Ok(Stamp::of(inputs))
            }
        }
    }
}

fn seed_folder() -> PathBuf {
    workspace::root().join("tests/seed")
}
