//! The event log: a JSON object a line, bounded, of everything that happens in an installation.
//!
//! Supervisors and commands append at the same time; a line is one `write(2)` to a file opened for
//! appending, so lines never mix. A full log becomes `log.old` and a new one is begun, which bounds
//! both to twice `LIMIT_BYTES`.

mod read;

pub use read::{EventReader, read};

use super::Layout;
use super::container::ContainerRecord;
use engine_spec::{ContainerAction, Event, EventObject};
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The size at which a log is set aside: some ten thousand events.
const LIMIT_BYTES: u64 = 4 << 20;
const LOG: &str = "log";

/// The event log could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {attempt} the event log {path}")]
pub struct EventLogError {
    /// `read`, `write` or `watch`.
    pub attempt: &'static str,
    /// Which file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Adds an event to the log.
///
/// # Errors
/// Says why the log could not be written.
pub fn append(layout: &Layout, event: &Event) -> Result<(), EventLogError> {
    let path = layout.events().join(LOG);
    append_line(&path, event).map_err(|source| EventLogError { attempt: "write", path, source })
}

/// Adds what happens to something now. A full disk is no reason to fail for whoever does it.
pub fn note(layout: &Layout, object: EventObject) {
    let _ = append(layout, &Event { time: SystemTime::now(), object });
}

/// Adds what happens to a container now.
pub fn note_container(layout: &Layout, record: &ContainerRecord, action: ContainerAction) {
    let spec = &record.spec;
    note(
        layout,
        EventObject::Container {
            id: record.id.clone(),
            name: spec.name.clone(),
            image: spec.image.clone(),
            labels: spec.labels.clone(),
            action,
        },
    );
}

fn append_line(path: &Path, event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    let mut file = open(path)?;
    if file.metadata()?.len() + line.len() as u64 > LIMIT_BYTES {
        file = begin_anew(path, file)?;
    }
    file.write_all(&line)
}

/// Sets a full log aside, unless somebody else has just done it.
fn begin_anew(path: &Path, full: File) -> io::Result<File> {
    let full = Flock::lock(full, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
    if is_at(path, &full)? {
        fs::rename(path, set_aside(path))?;
    }
    open(path)
}

/// Whether `file` is the one that lies at `path`.
fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        metadata => Ok(metadata?.ino() == file.metadata()?.ino()),
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

fn set_aside(path: &Path) -> PathBuf {
    path.with_extension("old")
}

#[cfg(test)]
mod tests;
