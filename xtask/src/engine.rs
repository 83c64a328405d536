//! The two engines that are compared: Lighter as built here, and Docker from `../shared/peers`.

use crate::program::Program;
use crate::seed::Registry;
use crate::workspace;
use anyhow::{Context as _, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// An engine with a Compose command.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    program: PathBuf,
    /// The words between the program and a Compose command.
    compose: &'static [&'static str],
    /// The words between the program and an image command.
    image: &'static [&'static str],
    environment: Vec<(&'static str, String)>,
    /// Where an engine that needs one was started from.
    daemon: Option<PathBuf>,
}

/// The images that compared work needs, and the registry that has them.
#[derive(Debug)]
pub(crate) struct Images {
    registry: SocketAddr,
}

impl Images {
    const NAMES: [&str; 4] = ["busybox:latest", "debian:bookworm-slim", "python:3.9-slim", "redis:latest"];

    pub(crate) fn from(registry: &Registry) -> Self {
        Self { registry: registry.address }
    }
}

impl Engine {
    /// Lighter, with `folder` as its LIGHTER_ROOT.
    pub(crate) fn lighter(binary: PathBuf, folder: &Path, registry: &Registry) -> Self {
        let environment = vec![
            ("LIGHTER_ROOT", folder.display().to_string()),
            ("LIGHTER_REGISTRY_MIRROR", registry.address.to_string()),
        ];
        Self { name: "Lighter", program: binary, compose: &[], image: &["image"], environment, daemon: None }
    }

    /// The same with `folder` as its LIGHTER_ROOT.
    pub(crate) fn at(mut self, folder: &Path) -> Self {
        self.environment.retain(|(name, _)| *name != "LIGHTER_ROOT");
        self.environment.push(("LIGHTER_ROOT", folder.display().to_string()));
        self
    }

    /// Docker Engine, which is started if it does not run.
    pub(crate) fn docker() -> Result<Self> {
        let peers = workspace::shared().join("peers/peers");
        Program::as_root(&peers).arg("start").run()?;
        let environment = Program::as_root(&peers).arg("env").read()?;
        let value = |name: &str| {
            let word = environment.split_whitespace().find_map(|word| word.strip_prefix(&format!("{name}=")));
            word.map(str::to_owned).with_context(|| format!("`peers env` does not set {name}"))
        };
        let path = value("PATH")?.replace("$PATH", &std::env::var("PATH").unwrap_or_default());
        let program = Path::new(path.split(':').next().unwrap_or_default()).join("docker");
        let environment = vec![
            ("DOCKER_HOST", value("DOCKER_HOST")?),
            ("DOCKER_CONFIG", value("DOCKER_CONFIG")?),
            ("PATH", path),
        ];
        Ok(Self {
            name: "Docker",
            program,
            compose: &["compose"],
            image: &["image"],
            environment,
            daemon: Some(peers),
        })
    }

    /// Stops its daemon, if it has one, until [`Self::resume`].
    pub(crate) fn pause(&self) -> Result<()> {
        self.daemon.as_ref().map_or(Ok(()), |peers| Program::as_root(peers).arg("stop").run())
    }

    /// Starts its daemon again.
    pub(crate) fn resume(&self) -> Result<()> {
        self.daemon.as_ref().map_or(Ok(()), |peers| Program::as_root(peers).arg("start").run())
    }

    /// The file of its program.
    pub(crate) fn file(&self) -> &Path {
        &self.program
    }

    /// `program` in the environment that its own commands have.
    pub(crate) fn environment_of(&self, program: Program) -> Program {
        self.environment.iter().fold(program, |program, (name, value)| program.env(name, value))
    }

    /// Stops its daemon, if it has one.
    pub(crate) fn stop(self) -> Result<()> {
        self.daemon.map_or(Ok(()), |peers| Program::as_root(peers).arg("stop").run())
    }

    /// Fetches `images` and gives them the names that files use.
    pub(crate) fn fetch(&self, images: &Images) -> Result<()> {
        for name in Images::NAMES {
            let remote = format!("{}/library/{name}", images.registry);
            self.image().args(["pull", &remote]).quiet()?;
            self.image().args(["tag", &remote, name]).quiet()?;
        }
        Ok(())
    }

    /// A Compose command, to be given its arguments.
    pub(crate) fn compose(&self) -> Program {
        self.program(self.compose)
    }

    /// An image command, to be given its arguments.
    pub(crate) fn image(&self) -> Program {
        self.program(self.image)
    }

    /// The folder that LIGHTER_ROOT names, where the engine knows such a thing.
    pub(crate) fn root(&self) -> Option<&Path> {
        let root = self.environment.iter().find(|(name, _)| *name == "LIGHTER_ROOT");
        root.map(|(_, folder)| Path::new(folder))
    }

    /// Any other command: `words` follow the program's name.
    pub(crate) fn program(&self, words: &[&str]) -> Program {
        self.environment_of(Program::as_root(&self.program).args(words))
    }

    /// Runs a Compose command in `folder` and returns how many milliseconds it took.
    pub(crate) fn time(&self, folder: &Path, arguments: &[&str]) -> Result<f64> {
        time(self.compose().args(arguments).folder(folder))
    }

    /// The folder in which the processes' programs lie, where all of them lie in one.
    pub(crate) fn home(&self) -> &Path {
        self.program.parent().expect("the program lies in a folder")
    }
}

/// Runs `program` to its end, which must be a good one, and returns how many milliseconds it took.
pub(crate) fn time(program: Program) -> Result<f64> {
    let start = Instant::now();
    program.quiet()?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}
