//! Who may change what: advisory locks on files under the run folder (`flock(2)`).
//!
//! They are taken in this order and never the other way round; whoever holds a later one must not
//! ask for an earlier one:
//!
//! 1. `project-<name>`: one command at a time changes a project.
//! 2. `builds`: shared by every build that runs, had alone by whoever removes steps; then
//!    `build-<start of a key>`: one build at a time does a step.
//! 3. `images`: image records, layers and blobs change their references.
//! 4. `network-<name>`: one network is made or removed.
//! 5. `firewall`: the installation's nf_tables table and bridges.
//! 6. `container-<id>`: one container is started, stopped or removed.
//!
//! The kernel drops a lock with its last descriptor, so a killed holder leaves nothing to clean.

use super::Layout;
use engine_spec::{ContainerId, Digest, NetworkName, ProjectName};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file that every build shares.
const BUILDS: &str = "builds";

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

/// Who has a lock that somebody else waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: i32,
    /// Its command line, one argument after the other.
    pub arguments: Vec<String>,
}

/// Waits for the right to change a project. If somebody else has it, `blocked` is told once who.
///
/// # Errors
/// Names the file that could not be locked.
pub fn project(
    layout: &Layout,
    project: &ProjectName,
    blocked: impl FnOnce(Option<Holder>),
) -> Result<Guard, LockError> {
    let path = layout.lock(&format!("project-{project}"));
    let file = open(&path)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Guard(lock)),
        Err((file, Errno::EWOULDBLOCK)) => {
            blocked(holder(&file));
            wait(file, path)
        }
        Err((_, errno)) => Err(LockError { path, source: errno.into() }),
    }
}

/// Waits for the right to do the build step of this key.
///
/// # Errors
/// Names the file that could not be locked.
pub(crate) fn build_step(layout: &Layout, key: &Digest) -> Result<Guard, LockError> {
    // Few enough files to keep for ever, many enough that two steps hardly ever share one.
    const KEY_START: usize = 3;
    exclusive(layout.lock(&format!("build-{}", &key.hex()[..KEY_START])))
}

/// Tells that a build runs, so that nothing it may stand on is removed.
///
/// # Errors
/// Names the file that could not be locked.
pub(crate) fn build(layout: &Layout) -> Result<Guard, LockError> {
    lock_builds(layout, FlockArg::LockShared).and_then(|guard| {
        // Only a lock that does not wait can be refused.
        guard.ok_or_else(|| LockError { path: layout.lock(BUILDS), source: Errno::EWOULDBLOCK.into() })
    })
}

/// Keeps builds from starting; `None` if one runs.
///
/// # Errors
/// Names the file that could not be locked.
pub(crate) fn all_builds(layout: &Layout) -> Result<Option<Guard>, LockError> {
    lock_builds(layout, FlockArg::LockExclusiveNonblock)
}

fn lock_builds(layout: &Layout, how: FlockArg) -> Result<Option<Guard>, LockError> {
    let path = layout.lock(BUILDS);
    let mut file = open(&path)?;
    loop {
        match Flock::lock(file, how) {
            Ok(lock) => return Ok(Some(Guard(lock))),
            Err((_, Errno::EWOULDBLOCK)) => return Ok(None),
            Err((again, Errno::EINTR)) => file = again,
            Err((_, errno)) => return Err(LockError { path, source: errno.into() }),
        }
    }
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
    wait(open(&path)?, path)
}

fn open(path: &Path) -> Result<File, LockError> {
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map_err(|source| LockError { path: path.to_owned(), source })
}

fn wait(file: File, path: PathBuf) -> Result<Guard, LockError> {
    match Flock::lock(file, FlockArg::LockExclusive) {
        Ok(lock) => Ok(Guard(lock)),
        Err((_, errno)) => Err(LockError { path, source: errno.into() }),
    }
}

/// Who has the lock of a file, if it is not gone by now.
fn holder(file: &File) -> Option<Holder> {
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let pid = holder_pid(&locks, file.metadata().ok()?.ino())?;
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let arguments = line.split(|byte| *byte == 0).filter(|argument| !argument.is_empty());
    Some(Holder {
        pid,
        arguments: arguments.map(|word| String::from_utf8_lossy(word).into_owned()).collect(),
    })
}

/// The process of a line `1: FLOCK  ADVISORY  WRITE 815 00:19:1042 0 EOF` (proc_locks(5)); lines of
/// those who wait have an arrow after the number. All lock files lie on one file system.
fn holder_pid(locks: &str, inode: u64) -> Option<i32> {
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", pid, place, ..] = words[..] else { return None };
        let is_ours = place.rsplit(':').next()?.parse() == Ok(inode);
        pid.parse().ok().filter(|_| is_ours)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_lock_is_told_and_who_waits_is_not() {
        let locks = "1: POSIX  ADVISORY  WRITE 7 00:19:42 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 815 00:19:42 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 816 00:19:42 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 9 00:19:43 0 EOF\n";
        assert_eq!(holder_pid(locks, 42), Some(815));
        assert_eq!(holder_pid(locks, 43), Some(9));
        assert_eq!(holder_pid(locks, 44), None);
    }

    #[test]
    fn a_project_is_waited_for_and_its_holder_is_named() {
        let root = std::env::temp_dir().join(format!("lighter-lock-{}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("prepared");
        let name = ProjectName::new("demo").expect("valid");
        let first = project(&layout, &name, |_| panic!("nobody has it")).expect("locked");
        let (told, hears) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| project(&layout, &name, |holder| told.send(holder).expect("heard")));
            let holder = hears.recv().expect("told").expect("known");
            assert_eq!(holder.pid, nix::unistd::getpid().as_raw());
            drop(first);
            let _second = second.join().expect("no panic").expect("locked");
        });
        std::fs::remove_dir_all(root).expect("removed");
    }
}
