//! A container's log: its output cut into lines, kept in a file and sent elsewhere as its driver says.
//!
//! ```text
//! FIFO -> Lines (whole lines, or pieces of 16 KiB) -> file      <id>-json.log, as Docker's json-file driver
//!                                                  -> delivery  syslog or journald
//! ```

mod delivery;
mod file;
mod journald;
pub(crate) mod line;
mod notes;
mod options;
mod syslog;
pub mod time;

pub(crate) use file::open_set_aside;
#[cfg(test)]
pub(crate) use file::set_aside;
pub use options::LogOptionError;

use crate::state::container::ContainerRecord;
use crate::supervisor::step::Stream;
use delivery::{Delivery, Destination};
use engine_spec::LogSpec;
use file::LogFile;
use notes::Notes;
use options::{Elsewhere, Options};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

/// Longer lines are kept in pieces of this size, as Docker does.
const LONGEST_PIECE: usize = 16 << 10;

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    #[error(transparent)]
    Options(#[from] LogOptionError),
    #[error("cannot open the container's log")]
    File(#[source] io::Error),
    #[error("cannot reach {address} with the container's log")]
    Connect {
        address: String,
        #[source]
        source: io::Error,
    },
}

/// Whether a log can be kept as asked for.
///
/// # Errors
/// Names the driver or the option that means nothing.
pub(crate) fn check(spec: &LogSpec) -> Result<(), LogOptionError> {
    Options::parse(spec).map(drop)
}

/// Cuts a stream of bytes into lines.
#[derive(Debug, Default)]
struct Lines {
    /// The beginning of a line whose end has not come yet; holds no memory in between.
    begun: Vec<u8>,
}

impl Lines {
    /// Calls `emit` for each line that `bytes` complete, line end included.
    fn push(&mut self, bytes: &[u8], mut emit: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_complete = piece.ends_with(b"\n");
            if self.begun.is_empty() && is_complete {
                emit(piece);
                continue;
            }
            self.begun.extend_from_slice(piece);
            if is_complete || self.begun.len() >= LONGEST_PIECE {
                self.flush(&mut emit);
            }
        }
    }

    /// Calls `emit` with what has begun, whole or not.
    fn flush(&mut self, mut emit: impl FnMut(&[u8])) {
        let begun = std::mem::take(&mut self.begun);
        begun.chunks(LONGEST_PIECE).for_each(&mut emit);
    }
}

/// Writes a container's log.
#[derive(Debug)]
pub(super) struct Log {
    lines: [Lines; 2],
    sinks: Sinks,
}

/// Where lines go.
#[derive(Debug)]
struct Sinks {
    file: Option<LogFile>,
    /// Noted with each line of the file.
    notes: BTreeMap<String, String>,
    delivery: Option<Delivery>,
    /// What one read has brought, before it is written; holds no memory in between.
    encoded: Vec<u8>,
}

/// Whether what a log is sent to must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Else the container is not started.
    Now,
    /// It is tried again later: the container runs already.
    Later,
}

impl Log {
    /// Opens the log that `record` asks for, with its file at `path`.
    pub(super) fn open(path: PathBuf, record: &ContainerRecord, reach: Reach) -> Result<Self, LogError> {
        let options = Options::parse(&record.spec.log)?;
        let mut notes = Notes::of(&options, record)?;
        let file =
            options.file.map(|limits| LogFile::open(path, limits)).transpose().map_err(LogError::File)?;
        let delivery = match destination(&options, &notes, record)? {
            Some(destination) => Some(Delivery::begin(destination, reach)?),
            None => None,
        };
        if let Some(tag) = notes.tag.filter(|_| options.elsewhere == Elsewhere::Nowhere) {
            notes.values.insert("tag".to_owned(), tag);
        }
        let sinks = Sinks { file, notes: notes.values, delivery, encoded: Vec::new() };
        Ok(Self { lines: Default::default(), sinks })
    }

    /// Takes output and writes the lines that it completes.
    pub(super) fn push(&mut self, stream: Stream, bytes: &[u8], now: SystemTime) -> io::Result<()> {
        let sinks = &mut self.sinks;
        self.lines[stream as usize].push(bytes, |text| sinks.take(stream, text, now));
        self.sinks.write()
    }

    /// Writes the lines that have begun, when nothing will complete them.
    pub(super) fn flush(&mut self, now: SystemTime) -> io::Result<()> {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let sinks = &mut self.sinks;
            self.lines[stream as usize].flush(|text| sinks.take(stream, text, now));
        }
        self.sinks.write()
    }

    /// The socket that waits until it can take more.
    pub(super) fn waiting(&self) -> Option<BorrowedFd<'_>> {
        self.sinks.delivery.as_ref().and_then(Delivery::waiting)
    }

    /// When [`Self::deliver`] has to be called, besides.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.sinks.delivery.as_ref().and_then(Delivery::next_deadline)
    }

    /// Sends what could not be sent before.
    pub(super) fn deliver(&mut self, now: Instant) {
        if let Some(delivery) = &mut self.sinks.delivery {
            delivery.flush(now);
        }
    }
}

impl Sinks {
    fn take(&mut self, stream: Stream, text: &[u8], now: SystemTime) {
        if self.file.is_some() {
            line::encode(&mut self.encoded, stream, text, &self.notes, now);
        }
        if let Some(delivery) = &mut self.delivery {
            delivery.push(stream, text, now);
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let encoded = std::mem::take(&mut self.encoded);
        match self.file.as_mut() {
            Some(file) if !encoded.is_empty() => {
                file.tidy();
                file.write(&encoded)
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn destination(
    options: &Options,
    notes: &Notes,
    record: &ContainerRecord,
) -> Result<Option<Destination>, LogOptionError> {
    Ok(match &options.elsewhere {
        Elsewhere::Nowhere => None,
        Elsewhere::Syslog { address, facility, format } => {
            Some(syslog::destination(address.as_deref(), *facility, *format, notes)?)
        }
        Elsewhere::Journal => Some(journald::destination(notes, record)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<usize> {
        let mut lines = Lines::default();
        let mut lengths = Vec::new();
        pieces.iter().for_each(|piece| lines.push(piece, |line| lengths.push(line.len())));
        lines.flush(|line| lengths.push(line.len()));
        lengths
    }

    #[test]
    fn a_line_is_whole_however_it_arrives() {
        assert_eq!(cut(&[b"ab\ncd\n"]), [3, 3]);
        assert_eq!(cut(&[b"a", b"b\nc", b"d\n", b"\n"]), [3, 3, 1]);
        assert_eq!(cut(&[b"no end"]), [6]);
    }

    #[test]
    fn a_long_line_comes_in_pieces() {
        let long = vec![b'x'; LONGEST_PIECE * 2 + 5];
        assert_eq!(cut(&[&long]), [LONGEST_PIECE, LONGEST_PIECE, 5]);
    }
}
