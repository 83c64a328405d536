//! A container's output, as its supervisor keeps it.

use crate::state::Layout;
pub use crate::supervisor::step::Stream;
use engine_spec::ContainerName;
use std::time::SystemTime;

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
    /// While following: the container has ended; reading on waits for its next start.
    Ended {
        /// Its exit code, if somebody saw it.
        exit_code: Option<i32>,
    },
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
pub enum LogError {}

/// Reads a container's output line by line.
#[derive(Debug)]
pub struct LogReader {}

impl LogReader {
    /// Begins to read as `options` say.
    ///
    /// # Errors
    /// Says why the log cannot be read.
    pub fn open(layout: &Layout, name: &ContainerName, options: &LogOptions) -> Result<Self, LogError> {
        let _ = (layout, name, options);
        todo!()
    }

    /// The next line; `None` at the end, or when the container is removed.
    ///
    /// # Errors
    /// Says why the log cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results would hide the waiting")]
    pub fn next(&mut self) -> Result<Option<LogEntry>, LogError> {
        todo!()
    }
}
