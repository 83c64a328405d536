//! The binary under test, with a LIGHTER_ROOT.

use crate::{Folder, Machine, Outcome};
use nix::fcntl::{Flock, FlockArg};
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The binary and the engine's folder it works on.
#[derive(Debug)]
pub struct Lighter {
    binary: PathBuf,
    root: PathBuf,
    /// The network it works in: that of a machine, else the test's own.
    network: Option<PathBuf>,
    /// What keeps the folder: a folder of our own, or a lock on the shared one.
    _keep: Keep,
}

#[derive(Debug)]
enum Keep {
    Own { _folder: Folder },
    Shared { _lock: Flock<File> },
}

impl Lighter {
    /// With a folder of its own: no image, no container.
    ///
    /// # Panics
    /// Unless `require!(Seeds)` holds.
    #[must_use]
    pub fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    /// The same with its folder below `parent`: on a file system of the test's choice.
    ///
    /// # Panics
    /// Unless `require!(Seeds)` holds.
    #[must_use]
    pub fn within(parent: &Path) -> Self {
        let folder = Folder::within(parent, "lighter-test");
        let root = folder.path().to_owned();
        Self { binary: binary(), root, network: None, _keep: Keep::Own { _folder: folder } }
    }

    /// With a folder of its own on `machine`, which sees no registry: `images` are pulled before.
    ///
    /// # Panics
    /// Unless `require!(Seeds)` holds.
    #[must_use]
    #[track_caller]
    pub fn on(machine: &Machine, images: &[&str]) -> Self {
        let mut lighter = Self::new();
        for image in images {
            lighter.run(["image", "pull", image]).succeeds();
        }
        lighter.network = Some(machine.network());
        lighter
    }

    /// With the store that keeps images and the build cache between tests; one test at a time has it.
    ///
    /// # Panics
    /// Unless `require!(Seeds, Store)` holds.
    #[must_use]
    pub fn with_store() -> Self {
        let root = PathBuf::from(std::env::var_os("LIGHTER_TEST_STORE").expect("LIGHTER_TEST_STORE is set"));
        std::fs::create_dir_all(&root).expect("the store can be made");
        let file = File::create(root.join("test.lock")).expect("the store can be locked");
        let lock = Flock::lock(file, FlockArg::LockExclusive).expect("the store can be locked");
        Self { binary: binary(), root, network: None, _keep: Keep::Shared { _lock: lock } }
    }

    /// The folder it works on.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The binary's file.
    #[must_use]
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// A command line to be run, in a plain environment without a terminal.
    #[must_use]
    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = match &self.network {
            None => Command::new(&self.binary),
            Some(network) => {
                let mut command = Command::new("nsenter");
                command.arg(format!("--net={}", network.display())).arg(&self.binary);
                command
            }
        };
        command.args(arguments).env("LIGHTER_ROOT", &self.root).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("COMPOSE_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs a command line to its end.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome {
        run(self.command(arguments))
    }
}

impl Drop for Lighter {
    fn drop(&mut self) {
        if let Keep::Own { .. } = self._keep {
            // The predefined network outlives whoever used it, as it should for a user.
            let _ = run(self.command(["system", "prune", "--force", "--volumes"]));
        }
    }
}

impl Default for Lighter {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs `command` to its end and keeps what it printed.
///
/// # Panics
/// If it cannot be started.
#[track_caller]
pub fn run(mut command: Command) -> Outcome {
    let line = format!("{command:?}");
    let start = Instant::now();
    let output = command.output().unwrap_or_else(|error| panic!("cannot run {line}: {error}"));
    Outcome::new(line, &output, start.elapsed())
}

fn binary() -> PathBuf {
    PathBuf::from(std::env::var_os("LIGHTER_TEST_BINARY").expect("LIGHTER_TEST_BINARY is set"))
}
