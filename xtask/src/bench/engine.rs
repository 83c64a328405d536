//! The two engines under measurement, as command lines.

use crate::program::Program;
use crate::seed::Registry;
use crate::workspace;
use anyhow::{Context as _, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// An engine with a Compose command.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) name: &'static str,
    program: PathBuf,
    /// The words between the program and a Compose command.
    compose: &'static [&'static str],
    /// The words between the program and an image command.
    image: &'static [&'static str],
    environment: Vec<(&'static str, String)>,
}

/// The images that the measured work needs, and the registry that has them.
#[derive(Debug)]
pub(super) struct Images {
    registry: SocketAddr,
}

impl Images {
    const NAMES: [&str; 4] = ["busybox:latest", "debian:bookworm-slim", "python:3.9-slim", "redis:latest"];

    pub(super) fn from(registry: &Registry) -> Self {
        Self { registry: registry.address }
    }
}

/// Lighter, with a LIGHTER_ROOT of the measurement's own.
pub(super) fn lighter(binary: PathBuf, registry: &Registry) -> Engine {
    let root = workspace::target().join("bench/root");
    let environment = vec![
        ("LIGHTER_ROOT", root.display().to_string()),
        ("LIGHTER_REGISTRY_MIRROR", registry.address.to_string()),
    ];
    Engine { name: "Lighter", program: binary, compose: &[], image: &["image"], environment }
}

/// Docker Engine, started for the measurement.
pub(super) struct Docker {
    pub(super) engine: Engine,
    peers: PathBuf,
}

impl Docker {
    pub(super) fn start() -> Result<Self> {
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
        let engine = Engine { name: "Docker", program, compose: &["compose"], image: &[], environment };
        Ok(Self { engine, peers })
    }

    pub(super) fn stop(self) -> Result<()> {
        Program::as_root(self.peers).arg("stop").run()
    }
}

impl Engine {
    /// Fetches `images` and gives them the names that files use.
    pub(super) fn fetch(&self, images: &Images) -> Result<()> {
        for name in Images::NAMES {
            let remote = format!("{}/library/{name}", images.registry);
            self.program(self.image).args(["pull", &remote]).quiet()?;
            self.program(self.image).args(["tag", &remote, name]).quiet()?;
        }
        Ok(())
    }

    /// Runs a Compose command in `folder` and returns how many milliseconds it took.
    pub(super) fn time(&self, folder: &Path, arguments: &[&str]) -> Result<f64> {
        let command = self.program(self.compose).args(arguments).folder(folder);
        let start = Instant::now();
        command.quiet()?;
        Ok(start.elapsed().as_secs_f64() * 1000.0)
    }

    /// The folder in which the processes' programs lie, where all of them lie in one.
    pub(super) fn home(&self) -> &Path {
        self.program.parent().expect("the program lies in a folder")
    }

    fn program(&self, words: &[&str]) -> Program {
        let program = Program::as_root(&self.program).args(words);
        self.environment.iter().fold(program, |program, (name, value)| program.env(name, value))
    }
}
