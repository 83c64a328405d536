//! One watcher for each project, known to other commands: whether it runs, since when, and how to end it.
//!
//! ```text
//! run/watch/<project>.lock      held as long as it watches (flock(2)); says who it is
//! lib/watch/<project>/watch.log what a detached one has said
//! ```

use super::journal::folder;
use engine::state::{Layout, ProcessRef};
use engine_spec::ProjectName;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

/// How long a watcher may take to break off what it does.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// The right to watch a project; given back when dropped.
#[derive(Debug)]
pub(crate) struct Presence {
    lock: Flock<File>,
    path: PathBuf,
    watcher: Watcher,
}

/// Who watches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Watcher {
    /// Its process.
    pub(crate) process: ProcessRef,
    /// Since when.
    pub(crate) since: SystemTime,
    /// Whether it has begun to: before, it brings the project up.
    pub(crate) is_watching: bool,
}

/// A watcher that cannot be claimed, looked at or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PresenceError {
    /// There is one.
    #[error("project {project} is watched already, by process {pid}; `lighter watch --stop` ends that")]
    Taken {
        /// Which project.
        project: ProjectName,
        /// Who watches.
        pid: i32,
    },
    /// It does not end.
    #[error("the watcher of project {project}, process {pid}, does not end")]
    DoesNotEnd {
        /// Which project.
        project: ProjectName,
        /// Who watches.
        pid: i32,
    },
    /// Its file cannot be used.
    #[error("cannot use {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Presence {
    /// Takes the right to watch `project`.
    pub(crate) fn claim(layout: &Layout, project: &ProjectName) -> Result<Self, PresenceError> {
        let path = lock_path(layout, project);
        let failed = |source| PresenceError::File { path: path.clone(), source };
        let file = open(&path).map_err(failed)?;
        let lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((file, Errno::EWOULDBLOCK)) => {
                let pid = read(file).map_or(0, |watcher| watcher.process.pid().as_raw());
                return Err(PresenceError::Taken { project: project.clone(), pid });
            }
            Err((_, errno)) => return Err(failed(errno.into())),
        };
        let process = ProcessRef::this().map_err(failed)?;
        let watcher = Watcher { process, since: SystemTime::now(), is_watching: false };
        let mut presence = Self { lock, path, watcher };
        presence.write()?;
        Ok(presence)
    }

    /// Tells whoever asks that files are watched from now on.
    pub(crate) fn watches(&mut self) -> Result<(), PresenceError> {
        self.watcher.is_watching = true;
        self.write()
    }

    fn write(&mut self) -> Result<(), PresenceError> {
        let text = serde_json::to_vec(&self.watcher).map_err(io::Error::from);
        let written = text.and_then(|text| {
            self.lock.rewind()?;
            self.lock.write_all(&text)?;
            self.lock.set_len(u64::try_from(text.len()).unwrap_or(u64::MAX))
        });
        written.map_err(|source| PresenceError::File { path: self.path.clone(), source })
    }
}

/// Who watches `project`, if anybody does.
pub(crate) fn status(layout: &Layout, project: &ProjectName) -> Option<Watcher> {
    let file = File::open(lock_path(layout, project)).ok()?;
    match Flock::lock(file, FlockArg::LockSharedNonblock) {
        // Nobody holds it: what it says is old.
        Ok(_free) => None,
        Err((file, _)) => read(file).filter(|watcher| watcher.process.is_alive()),
    }
}

/// Ends the watcher of `project` and waits for it. Says whether there was one.
pub(crate) fn stop(layout: &Layout, project: &ProjectName) -> Result<bool, PresenceError> {
    let Some(watcher) = status(layout, project) else { return Ok(false) };
    let pid = watcher.process.pid();
    // It is alive, or was a moment ago; one that has gone needs no signal.
    let _ = kill(pid, Signal::SIGTERM);
    let end = Instant::now() + STOP_PATIENCE;
    let path = lock_path(layout, project);
    let file = open(&path).map_err(|source| PresenceError::File { path, source })?;
    let mut file = Some(file);
    while let Some(waiting) = file.take() {
        match Flock::lock(waiting, FlockArg::LockExclusiveNonblock) {
            Ok(_free) => return Ok(true),
            Err((waiting, _)) if Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(5));
                file = Some(waiting);
            }
            Err(_) => break,
        }
    }
    Err(PresenceError::DoesNotEnd { project: project.clone(), pid: pid.as_raw() })
}

/// Ends the watching of a project that goes away, and forgets what was copied for containers to come.
pub(crate) fn end(layout: &Layout, project: &ProjectName) -> Result<(), PresenceError> {
    stop(layout, project)?;
    let path = folder(layout, project);
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(PresenceError::File { path, source: error })
        }
        _ => Ok(()),
    }
}

/// Where a detached watcher says what happens.
pub(crate) fn log_path(layout: &Layout, project: &ProjectName) -> PathBuf {
    folder(layout, project).join("watch.log")
}

fn lock_path(layout: &Layout, project: &ProjectName) -> PathBuf {
    layout.run().join("watch").join(format!("{project}.lock"))
}

fn open(path: &std::path::Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn read(mut file: File) -> Option<Watcher> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    serde_json::from_str(&text).ok()
}
