//! Where the parts of a container lie.
//!
//! ```text
//! lib/containers/<id>/            run/containers/<id>/   while it has a supervisor
//!   record.json  what it is         supervisor.lock        held as long as the supervisor lives
//!   status.json  how it ended       control.sock           what the supervisor can be asked
//!   upper/ work/ its changes        status.json            what it does
//!   content/<n>  configs, secrets   stdin stdout stderr    pipes to it
//!   <id>-json.log[.<n>]             hostname hosts resolv.conf
//! ```

use crate::state::Layout;
use engine_spec::ContainerId;
use std::path::{Path, PathBuf};

/// The two folders of a container.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    durable: PathBuf,
    run: PathBuf,
    log: String,
}

impl Folder {
    /// Those of container `id`.
    pub(crate) fn of(layout: &Layout, id: &ContainerId) -> Self {
        Self { durable: layout.container(id), run: layout.run_container(id), log: format!("{id}-json.log") }
    }

    /// What outlives a reboot.
    pub(crate) fn durable(&self) -> &Path {
        &self.durable
    }

    /// What is there while a supervisor is.
    pub(crate) fn run(&self) -> &Path {
        &self.run
    }

    /// The overlay's upper folder: what the container changed.
    pub(crate) fn upper(&self) -> PathBuf {
        self.durable.join("upper")
    }

    /// The overlay's work folder.
    pub(crate) fn work(&self) -> PathBuf {
        self.durable.join("work")
    }

    /// Configs and secrets, numbered as the spec's mounts are.
    pub(crate) fn content(&self, mount: usize) -> PathBuf {
        self.durable.join("content").join(mount.to_string())
    }

    /// Images that it mounts, while it runs.
    pub(crate) fn images(&self) -> PathBuf {
        self.run.join("images")
    }

    /// One of them, numbered as the spec's mounts are.
    pub(crate) fn image(&self, mount: usize) -> PathBuf {
        self.images().join(mount.to_string())
    }

    /// Parts of volumes that it mounts, while it runs.
    pub(crate) fn parts(&self) -> PathBuf {
        self.run.join("parts")
    }

    /// One of them, numbered as the spec's mounts are.
    pub(crate) fn part(&self, mount: usize) -> PathBuf {
        self.parts().join(mount.to_string())
    }

    /// The log, under the name Docker gives it.
    pub(crate) fn log(&self) -> PathBuf {
        self.durable.join(&self.log)
    }

    /// The file whose lock tells that a supervisor lives.
    pub(crate) fn lock(&self) -> PathBuf {
        self.run.join("supervisor.lock")
    }

    /// A pipe: `stdin`, `stdout` or `stderr`.
    pub(crate) fn pipe(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }

    /// A file the engine writes for /etc: `hostname`, `hosts` or `resolv.conf`.
    pub(crate) fn etc(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }
}
