//! A container's log file: lines as Docker's json-file driver writes them, set aside when full.
//!
//! ```text
//! FIFO -> Lines (whole lines, or pieces of 16 KiB) -> line::encode -> write(2) -> <id>-json.log[.1 ….n]
//! ```

pub(crate) mod line;
pub mod time;

use crate::supervisor::step::Stream;
use engine_spec::LogSpec;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Longer lines are kept in pieces of this size, as Docker does.
const LONGEST_PIECE: usize = 16 << 10;

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

/// How large a log may grow (options `max-size` and `max-file`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    size: Option<u64>,
    files: u32,
}

impl Limits {
    /// Reads the options; what is no size counts as no limit.
    fn of(spec: &LogSpec) -> Self {
        let size = spec.options.get("max-size").and_then(|text| parse_size(text));
        let files = spec.options.get("max-file").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
        Self { size, files }
    }
}

/// `10m`, `512k`, `1g` or bytes, in steps of 1024 as Docker counts them.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let (digits, shift) = match text.char_indices().next_back()? {
        (at, 'k') => (&text[..at], 10),
        (at, 'm') => (&text[..at], 20),
        (at, 'g') => (&text[..at], 30),
        _ => (text, 0),
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift).filter(|size| *size > 0)
}

/// Writes a container's log.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// `None` with the driver `none`.
    file: Option<File>,
    size: u64,
    limits: Limits,
    lines: [Lines; 2],
    /// What one read has brought, before it is written; holds no memory in between.
    encoded: Vec<u8>,
}

impl Log {
    /// Opens the log file at `path` for appending.
    pub(super) fn open(path: PathBuf, spec: &LogSpec) -> io::Result<Self> {
        let is_kept = spec.driver.as_deref() != Some("none");
        let file = if is_kept { Some(open(&path)?) } else { None };
        let size = file.as_ref().map_or(Ok(0), |file| file.metadata().map(|metadata| metadata.len()))?;
        Ok(Self {
            path,
            file,
            size,
            limits: Limits::of(spec),
            lines: Default::default(),
            encoded: Vec::new(),
        })
    }

    /// Takes output and writes the lines that it completes.
    pub(super) fn push(&mut self, stream: Stream, bytes: &[u8], now: SystemTime) -> io::Result<()> {
        let encoded = &mut self.encoded;
        self.lines[stream as usize].push(bytes, |text| line::encode(encoded, stream, text, now));
        self.write()
    }

    /// Writes the lines that have begun, when nothing will complete them.
    pub(super) fn flush(&mut self, now: SystemTime) -> io::Result<()> {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let encoded = &mut self.encoded;
            self.lines[stream as usize].flush(|text| line::encode(encoded, stream, text, now));
        }
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let encoded = std::mem::take(&mut self.encoded);
        let Some(file) = self.file.as_mut().filter(|_| !encoded.is_empty()) else { return Ok(()) };
        file.write_all(&encoded)?;
        self.size += encoded.len() as u64;
        if self.limits.size.is_some_and(|limit| self.size >= limit) {
            self.rotate()?;
        }
        Ok(())
    }

    /// Sets the full file aside as `.1`, older ones move up, the oldest goes.
    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..self.limits.files).rev() {
            move_if_there(&set_aside(&self.path, number - 1), &set_aside(&self.path, number))?;
        }
        if self.limits.files == 1 {
            fs::remove_file(&self.path)?;
        }
        self.file = Some(open(&self.path)?);
        self.size = 0;
        Ok(())
    }
}

/// The file that holds what was written `number` files ago.
pub(crate) fn set_aside(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

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

    #[test]
    fn sizes_are_read_as_docker_reads_them() {
        for (text, size) in
            [("10m", Some(10 << 20)), ("1kb", Some(1024)), ("7", Some(7)), ("x", None), ("", None)]
        {
            assert_eq!(parse_size(text), size, "{text}");
        }
    }

    #[test]
    fn a_full_log_is_set_aside_and_the_oldest_goes() {
        let folder = std::env::temp_dir().join(format!("lighter-log-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("created");
        let options = BTreeMap::from([("max-size".into(), "10".into()), ("max-file".into(), "3".into())]);
        let path = folder.join("log");
        let mut log = Log::open(path.clone(), &LogSpec { driver: None, options }).expect("opened");
        for text in ["1\n", "2\n", "3\n", "4\n"] {
            log.push(Stream::Stdout, text.as_bytes(), SystemTime::now()).expect("written");
        }
        let read = |number| fs::read_to_string(set_aside(&path, number)).unwrap_or_default();
        assert_eq!(read(0), "");
        assert!(read(1).contains("4\\n") && read(2).contains("3\\n"));
        assert_eq!(read(3), "");
        fs::remove_dir_all(folder).expect("removed");
    }
}
