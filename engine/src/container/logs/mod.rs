//! A container's output, as its supervisor keeps it. Reading needs no supervisor.

mod follow;
mod tail;

use super::folder::Folder;
use super::{NoSuchContainer, find};
use crate::state::{Layout, container};
use crate::supervisor::log::line;
pub use crate::supervisor::step::Stream;
use engine_spec::{ContainerId, ContainerName, RunEnd};
use follow::{Follow, News};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;
use tail::Start;

/// Which part of the output to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Wait for more at the end.
    pub follow: bool,
    /// Only the last so many lines.
    pub tail: Option<usize>,
    /// Only what was written at or after this time.
    pub since: Option<SystemTime>,
    /// Only what was written before this time.
    pub until: Option<SystemTime>,
}

/// What a reader meets next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEntry {
    /// A line, or a piece of one that is longer than 16 KiB.
    Line(LogLine),
    /// The container has ended. Reading on waits for its next start while following, else there is no more.
    Ended(RunEnd),
}

impl LogEntry {
    /// When it happened.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        match self {
            Self::Line(line) => line.time,
            Self::Ended(end) => end.finished_at,
        }
    }
}

/// One line of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Where it was written to.
    pub stream: Stream,
    /// When.
    pub time: SystemTime,
    /// The text, with its line end if it has one.
    pub text: String,
}

/// A container's log could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// The file could not be read.
    #[error("cannot read the log of container {name}")]
    Read {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The container could not be watched.
    #[error("cannot follow the log of container {name}")]
    Follow {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Reads a container's output line by line.
#[derive(Debug)]
pub struct LogReader {
    name: ContainerName,
    options: LogOptions,
    /// The log that is written to now.
    path: PathBuf,
    /// Files still to be read, oldest first, the one written to last.
    waiting: VecDeque<File>,
    current: Option<BufReader<File>>,
    /// The beginning of a line that is still being written.
    begun: String,
    more: More,
}

/// What comes after the last line so far.
#[derive(Debug)]
enum More {
    /// News of the container.
    Follow(Follow),
    /// Its end, if it has ended.
    End(Layout, ContainerId),
    Nothing,
}

impl LogReader {
    /// Begins to read as `options` say.
    ///
    /// # Errors
    /// Says why the log cannot be read.
    pub fn open(layout: &Layout, name: &ContainerName, options: &LogOptions) -> Result<Self, LogError> {
        let id = find(layout, name)?;
        let path = Folder::of(layout, &id).log();
        let read = |source| LogError::Read { name: name.clone(), source };
        // Watched before it is read, so that nothing is missed in between.
        let more = if options.follow {
            let follow = Follow::begin(layout, &id);
            More::Follow(follow.map_err(|source| LogError::Follow { name: name.clone(), source })?)
        } else {
            More::End(layout.clone(), id)
        };
        let Start { mut files, offset } = tail::start(&path, options.tail).map_err(read)?;
        let mut current = None;
        if let Some(mut file) = files.pop_front() {
            file.seek(SeekFrom::Start(offset)).map_err(read)?;
            current = Some(BufReader::new(file));
        }
        let (name, options) = (name.clone(), options.clone());
        Ok(Self { name, options, path, waiting: files, current, begun: String::new(), more })
    }

    /// The next line; `None` at the end, or when the container is removed.
    ///
    /// # Errors
    /// Says why the log cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results would hide the waiting")]
    pub fn next(&mut self) -> Result<Option<LogEntry>, LogError> {
        loop {
            let line = self.line().map_err(|source| LogError::Read { name: self.name.clone(), source })?;
            if let Some(line) = line {
                if self.is_wanted(line.time) {
                    return Ok(Some(LogEntry::Line(line)));
                }
                continue;
            }
            let More::Follow(follow) = &mut self.more else { return Ok(self.end().map(LogEntry::Ended)) };
            let news = follow.wait();
            match news.map_err(|source| LogError::Follow { name: self.name.clone(), source })? {
                News::Written => {}
                News::Ended(end) => return Ok(Some(LogEntry::Ended(end))),
                News::Removed => return Ok(None),
            }
        }
    }

    /// How the container has ended, told once.
    fn end(&mut self) -> Option<RunEnd> {
        let More::End(layout, id) = mem::replace(&mut self.more, More::Nothing) else { return None };
        let end = container::status(&layout, &id).ok()?.status.end();
        end.filter(|end| self.is_wanted(end.finished_at))
    }

    fn is_wanted(&self, time: SystemTime) -> bool {
        self.options.since.is_none_or(|since| time >= since)
            && self.options.until.is_none_or(|until| time < until)
    }

    /// The next whole line of all files; `None` at their end for now.
    fn line(&mut self) -> io::Result<Option<LogLine>> {
        loop {
            if let Some(file) = &mut self.current {
                while file.read_line(&mut self.begun)? > 0 {
                    if !self.begun.ends_with('\n') {
                        break;
                    }
                    let text = mem::take(&mut self.begun);
                    // Half a line, left by a full disk, is passed over.
                    if let Some((stream, time, text)) = line::decode(text.trim_end()) {
                        return Ok(Some(LogLine { stream, time, text }));
                    }
                }
            }
            if !self.advance()? {
                return Ok(None);
            }
        }
    }

    /// Goes on to the next file: one that waits, or a new one where the current was set aside.
    fn advance(&mut self) -> io::Result<bool> {
        let next = match self.waiting.pop_front() {
            Some(next) => next,
            None if matches!(self.more, More::Follow(_)) && self.is_set_aside()? => {
                match File::open(&self.path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                    opened => opened?,
                }
            }
            None => return Ok(false),
        };
        self.current = Some(BufReader::new(next));
        self.begun.clear();
        Ok(true)
    }

    fn is_set_aside(&self) -> io::Result<bool> {
        let written_to = match std::fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            metadata => metadata?.ino(),
        };
        let Some(current) = &self.current else { return Ok(true) };
        Ok(current.get_ref().metadata()?.ino() != written_to)
    }
}

/// What the log options `labels` and `env` name of a container, as `name=value` separated by commas: what
/// Docker prints before each line with `--details`.
///
/// # Errors
/// Says that there is no such container.
pub fn details(layout: &Layout, name: &ContainerName) -> Result<String, LogError> {
    let id = find(layout, name)?;
    let record = container::load(layout, &id).ok().flatten();
    let spec = record.ok_or_else(|| NoSuchContainer(name.clone()))?.spec;
    let named = |option: &str| spec.log.options.get(option).cloned().unwrap_or_default();
    let (labels, variables) = (named("labels"), named("env"));
    let of_labels = labels.split(',').filter_map(|key| Some((key, spec.labels.get(key)?.clone())));
    let environment = &spec.process.environment;
    let of_variables = variables.split(',').filter_map(|key| Some((key, environment.get(key)?.clone()?)));
    let details: BTreeMap<&str, String> = of_labels.chain(of_variables).collect();
    Ok(details.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(","))
}

/// The folder whose changes tell that something was written.
fn folder_of(layout: &Layout, id: &ContainerId) -> PathBuf {
    Folder::of(layout, id).durable().to_owned()
}
