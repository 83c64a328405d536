//! What the user reads while watching: a line for each thing that happened, on stderr.
//!
//! ```text
//! 12:04:11 web  sync  app.py (+2)  1.8 ms
//! 12:04:30 web  rebuild  requirements.txt
//! 12:04:34 web  rebuilt  4.2 s
//! ```

use super::batch::Copy;
use super::schedule::Task;
use super::task::Ended;
use super::tree::Tree;
use crate::console::terminal::Terminal;
use crate::error::CommandError;
use crate::report;
use engine_spec::ServiceName;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Says what happens.
#[derive(Debug)]
pub(super) struct Teller {
    terminal: Terminal,
}

impl Teller {
    pub(super) fn new(terminal: &Terminal) -> Self {
        Self { terminal: *terminal }
    }

    pub(super) fn began(&self, tree: &Tree) {
        self.say(&format!("watching {}", extent(tree)));
    }

    pub(super) fn reloaded(&self, tree: &Tree) {
        self.say(&format!("the project's files have changed: now watching {}", extent(tree)));
    }

    pub(super) fn not_reloaded(&self, error: &CommandError) {
        self.say("the project's files have changed and cannot be used; watching as before");
        report::failure(error, &self.terminal);
    }

    pub(super) fn project_ended(&self, ended: &Ended) {
        if ended.is_done {
            self.say("the project is in line with its files");
        } else {
            self.say("the project could not be brought into line with its files");
            self.show(&ended.output);
        }
    }

    pub(super) fn copied(
        &self,
        service: &ServiceName,
        copies: &BTreeSet<Copy>,
        containers: usize,
        took: Duration,
    ) {
        let files = names(copies.iter().map(|copy| copy.source.as_path()));
        let into = match containers {
            0 => "  no container".to_owned(),
            1 => String::new(),
            several => format!("  {several} containers"),
        };
        self.say(&format!("{service}  sync  {files}{into}  {}", duration(took)));
    }

    pub(super) fn would_copy(&self, service: &ServiceName, copies: &BTreeSet<Copy>) {
        let files = names(copies.iter().map(|copy| copy.source.as_path()));
        self.say(&format!("{service}  would sync  {files}"));
    }

    pub(super) fn task(&self, service: &ServiceName, task: &Task) {
        let line = match task {
            Task::Rebuild { files } => format!("rebuild  {}", names(files.iter().map(PathBuf::as_path))),
            Task::Restart { files } => format!("restart  {}", names(files.iter().map(PathBuf::as_path))),
            Task::Exec { rules } if rules.len() == 1 => "run its command".to_owned(),
            Task::Exec { rules } => format!("run its {} commands", rules.len()),
        };
        self.say(&format!("{service}  {line}"));
    }

    pub(super) fn ended(&self, service: &ServiceName, task: &Task, ended: &Ended, took: Duration) {
        let took = duration(took);
        let line = match (task, ended.is_done) {
            (Task::Rebuild { .. }, true) => format!("rebuilt  {took}"),
            (Task::Rebuild { .. }, false) => {
                format!("not rebuilt  {took}; what ran before goes on, and the next save tries again")
            }
            (Task::Restart { .. }, true) => format!("restarted  {took}"),
            (Task::Restart { .. }, false) => format!("not restarted  {took}"),
            (Task::Exec { .. }, true) => format!("command done  {took}"),
            (Task::Exec { .. }, false) => format!("command failed  {took}"),
        };
        self.say(&format!("{service}  {line}"));
        if !ended.is_done {
            self.show(&ended.output);
        }
    }

    pub(super) fn warn(&self, text: &str) {
        report::warning(text, &self.terminal);
    }

    pub(super) fn error(&self, service: &ServiceName, error: &dyn Error) {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            // Writing to a text does not fail.
            let _ = write!(text, ": {source}");
            cause = source.source();
        }
        report::warning(&format!("{service}: {text}"), &self.terminal);
    }

    fn say(&self, text: &str) {
        self.show(&format!("{} {text}\n", time(SystemTime::now())));
    }

    fn show(&self, text: &str) {
        // A closed stderr is nobody's loss.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// How much is under watch.
fn extent(tree: &Tree) -> String {
    let services: BTreeSet<_> = tree.rules().iter().filter_map(|rule| rule.service.as_ref()).collect();
    let services: Vec<String> = services.into_iter().map(ToString::to_string).collect();
    let folders = tree.folders();
    format!("{} ({folders} {})", services.join(", "), if folders == 1 { "folder" } else { "folders" })
}

/// The first name, and how many more there are.
fn names<'a>(mut paths: impl Iterator<Item = &'a Path>) -> String {
    let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let first = paths.next().map(name).unwrap_or_default();
    match paths.count() {
        0 => first,
        more => format!("{first} (+{more})"),
    }
}

fn duration(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{:.1} ms", took.as_secs_f64() * 1000.0)
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

/// The time of day, UTC.
fn time(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_files_are_the_first_and_a_number() {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let shown = |list: Vec<PathBuf>| names(list.iter().map(PathBuf::as_path));
        assert_eq!(shown(paths(&["/p/app.py"])), "app.py");
        assert_eq!(shown(paths(&["/p/app.py", "/p/b.py", "/p/c.py"])), "app.py (+2)");
    }

    #[test]
    fn times_are_of_the_day() {
        assert_eq!(time(UNIX_EPOCH + Duration::from_secs(86_400 + 3_661)), "01:01:01");
    }
}
