//! Who may change what: advisory locks on files under the run folder (`flock(2)`).
//!
//! They are taken in this order and never the other way round; whoever holds a later one must not
//! ask for an earlier one:
//!
//! 1. `project-<name>`: one command at a time changes a project.
//! 2. `images`: image records, layers and blobs change their references.
//! 3. `network-<name>`: one network is made or removed.
//! 4. `firewall`: the installation's nf_tables table and bridges.
//! 5. `container-<id>`: one container is started, stopped or removed.
//!
//! The kernel drops a lock with its last descriptor, so a killed holder leaves nothing to clean.

use super::Layout;
use engine_spec::{ContainerId, NetworkName, ProjectName};
use nix::fcntl::{Flock, FlockArg};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// A lock could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("cannot lock {path}")]
pub struct LockError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Held until dropped.
#[derive(Debug)]
#[must_use = "a lock is released when its guard is dropped"]
pub struct Guard(#[expect(dead_code, reason = "held for its drop")] Flock<File>);

/// Waits for the right to change a project.
///
/// # Errors
/// Names the file that could not be locked.
pub fn project(layout: &Layout, project: &ProjectName) -> Result<Guard, LockError> {
    exclusive(layout.lock(&format!("project-{project}")))
}

/// Waits for the right to change which images, layers and blobs exist.
///
/// # Errors
/// Names the file that could not be locked.
pub fn images(layout: &Layout) -> Result<Guard, LockError> {
    exclusive(layout.lock("images"))
}

/// Waits for the right to make or remove a network.
///
/// # Errors
/// Names the file that could not be locked.
pub fn network(layout: &Layout, network: &NetworkName) -> Result<Guard, LockError> {
    exclusive(layout.lock(&format!("network-{network}")))
}

/// Waits for the right to change the installation's nf_tables table.
///
/// # Errors
/// Names the file that could not be locked.
pub fn firewall(layout: &Layout) -> Result<Guard, LockError> {
    exclusive(layout.lock("firewall"))
}

/// Waits for the right to start, stop or remove a container.
///
/// # Errors
/// Names the file that could not be locked.
pub fn container(layout: &Layout, id: &ContainerId) -> Result<Guard, LockError> {
    exclusive(layout.lock(&format!("container-{id}")))
}

fn exclusive(path: PathBuf) -> Result<Guard, LockError> {
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = opened.map_err(|source| LockError { path: path.clone(), source })?;
    match Flock::lock(file, FlockArg::LockExclusive) {
        Ok(lock) => Ok(Guard(lock)),
        Err((_, errno)) => Err(LockError { path, source: errno.into() }),
    }
}
