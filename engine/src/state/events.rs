//! The event log: one file per project, a JSON object a line, bounded.
//!
//! Supervisors and commands append at the same time; a line is one `write(2)` to a file opened for
//! appending, so lines never mix. A full log becomes `<project>.old` and a new one is begun, which
//! bounds a project to twice `LIMIT_BYTES`.

use super::Layout;
use engine_spec::{Event, ProjectName, compose_label};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The size at which a log is set aside.
const LIMIT_BYTES: u64 = 1 << 20;

/// The event log could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {attempt} the event log {path}")]
pub struct EventLogError {
    /// `read` or `write`.
    pub attempt: &'static str,
    /// Which file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Adds an event to the log of the project its labels name; one without a project is not kept.
///
/// # Errors
/// Says why the log could not be written.
pub fn append(layout: &Layout, event: &Event) -> Result<(), EventLogError> {
    let project =
        event.labels.get(compose_label::PROJECT).and_then(|name| ProjectName::new(name.as_str()).ok());
    let Some(project) = project else { return Ok(()) };
    let path = layout.events(&project);
    append_line(&path, event).map_err(|source| EventLogError { attempt: "write", path, source })
}

/// All events of a project that are still kept, oldest first.
///
/// # Errors
/// Says why the log could not be read.
pub fn read(layout: &Layout, project: &ProjectName) -> Result<Vec<Event>, EventLogError> {
    let path = layout.events(project);
    let mut events = Vec::new();
    for path in [set_aside(&path), path] {
        match fs::read_to_string(&path) {
            Ok(text) => {
                events.extend(text.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(EventLogError { attempt: "read", path, source }),
        }
    }
    Ok(events)
}

fn append_line(path: &Path, event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    if file.metadata()?.len() + line.len() as u64 > LIMIT_BYTES {
        fs::rename(path, set_aside(path))?;
        file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    }
    file.write_all(&line)
}

/// A project's name has no dot, so no other log has this name.
fn set_aside(path: &Path) -> PathBuf {
    path.with_extension("old")
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::{ContainerId, ContainerName, EventKind, Labels};
    use std::time::SystemTime;

    fn event(text: &str) -> Event {
        let labels = Labels::from([
            (compose_label::PROJECT.to_owned(), "demo".to_owned()),
            ("text".to_owned(), text.to_owned()),
        ]);
        Event {
            time: SystemTime::UNIX_EPOCH,
            id: ContainerId::from_random([1; 32]),
            name: ContainerName::new("demo-web-1").expect("valid"),
            labels,
            kind: EventKind::Start,
        }
    }

    #[test]
    fn a_log_is_bounded_and_keeps_the_newest() {
        let root = std::env::temp_dir().join(format!("lighter-events-{}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("prepared");
        let project = ProjectName::new("demo").expect("valid");
        let filler = "x".repeat(100_000);
        (0..40).for_each(|_| append(&layout, &event(&filler)).expect("appended"));
        append(&layout, &event("last")).expect("appended");

        let events = read(&layout, &project).expect("read");
        assert_eq!(events.last().expect("kept").labels["text"], "last");
        assert!(events.len() <= 21, "{} events are kept", events.len());
        fs::remove_dir_all(root).expect("removed");
    }
}
