//! A log as a file with a bounded size: when it is full it is set aside, and the oldest goes.
//!
//! ```text
//! <id>-json.log      written to
//! <id>-json.log.1    set aside last; compressed by a child as .1.gz, which replaces it when complete
//! ```

use super::options::Limits;
use crate::sys::process;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes the file.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
    limits: Limits,
    /// The child that compresses what was set aside last.
    compressing: Option<Pid>,
}

impl LogFile {
    /// Opens the log file at `path` for appending.
    pub(super) fn open(path: PathBuf, limits: Limits) -> io::Result<Self> {
        let file = open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size, limits, compressing: None })
    }

    /// Appends whole lines, as many to each file as it takes to fill it.
    pub(super) fn write(&mut self, mut lines: &[u8]) -> io::Result<()> {
        while !lines.is_empty() {
            let (now, later) = lines.split_at(self.until_full(lines));
            self.file.write_all(now)?;
            self.size += now.len() as u64;
            if self.limits.size.is_some_and(|limit| self.size >= limit) {
                self.rotate()?;
            }
            lines = later;
        }
        Ok(())
    }

    /// Where in `lines` the line ends that fills the file, or their length.
    fn until_full(&self, lines: &[u8]) -> usize {
        let Some(limit) = self.limits.size else { return lines.len() };
        let room = usize::try_from(limit.saturating_sub(self.size)).unwrap_or(usize::MAX).max(1) - 1;
        let end = lines.iter().skip(room).position(|byte| *byte == b'\n');
        end.map_or(lines.len(), |end| room + end + 1)
    }

    /// Sets the full file aside as `.1`, older ones move up, the oldest goes.
    fn rotate(&mut self) -> io::Result<()> {
        self.wait_for_compression();
        for number in (1..self.limits.files).rev() {
            let (from, to) = (set_aside(&self.path, number - 1), set_aside(&self.path, number));
            // The one before the first is never compressed.
            let moved = number > 1 && move_if_there(&compressed(&from), &compressed(&to))?;
            if moved {
                remove_if_there(&to)?;
            } else if move_if_there(&from, &to)? {
                remove_if_there(&compressed(&to))?;
            }
        }
        if self.limits.files == 1 {
            fs::remove_file(&self.path)?;
        } else if self.limits.compress {
            let full = set_aside(&self.path, 1);
            self.compressing = Some(process::fork(|| i32::from(compress(&full).is_err()))?);
        }
        self.file = open(&self.path)?;
        self.size = 0;
        Ok(())
    }

    /// The next turn moves the file that the child reads.
    fn wait_for_compression(&mut self) {
        if let Some(child) = self.compressing.take() {
            // What it could not compress stays as it is.
            let _ = waitpid(child, None);
        }
    }

    /// Reaps the child that compresses, if it has ended.
    pub(super) fn tidy(&mut self) {
        if let Some(child) = self.compressing
            && !matches!(
                waitpid(child, Some(WaitPidFlag::WNOHANG)),
                Ok(nix::sys::wait::WaitStatus::StillAlive)
            )
        {
            self.compressing = None;
        }
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        self.wait_for_compression();
    }
}

fn compress(full: &Path) -> io::Result<()> {
    let unfinished = full.with_extension("gz.tmp");
    let target = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    let mut encoder = GzEncoder::new(target, Compression::default());
    io::copy(&mut File::open(full)?, &mut encoder)?;
    encoder.finish()?;
    fs::rename(unfinished, compressed(full))?;
    fs::remove_file(full)
}

/// The file that holds what was written `number` files ago.
pub(crate) fn set_aside(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    with_ending(path, &format!(".{number}"))
}

fn compressed(path: &Path) -> PathBuf {
    with_ending(path, ".gz")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Opens what was written `number` files ago, uncompressed; `None` where there is no such file.
pub(crate) fn open_set_aside(path: &Path, number: u32) -> io::Result<Option<File>> {
    let path = set_aside(path, number);
    if let Some(plain) = open_if_there(&path)? {
        return Ok(Some(plain));
    }
    let Some(packed) = open_if_there(&compressed(&path))? else { return Ok(None) };
    // In memory, so that its end can be looked for.
    let mut memory = File::from(memfd_create("log", MFdFlags::MFD_CLOEXEC)?);
    io::copy(&mut GzDecoder::new(packed), &mut memory)?;
    memory.rewind()?;
    Ok(Some(memory))
}

fn open_if_there(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

/// Whether there was something to move.
fn move_if_there(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        moved => moved.map(|()| true),
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
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
    use std::io::Read;

    fn fill(name: &str, limits: Limits) -> (PathBuf, impl Fn(u32) -> String) {
        let folder = std::env::temp_dir().join(format!("lighter-log-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("created");
        let path = folder.join("log");
        let mut log = LogFile::open(path.clone(), limits).expect("opened");
        for text in ["line 1\n", "line 2\n", "line 3\n", "line 4\n"] {
            log.write(text.as_bytes()).expect("written");
        }
        let read = move |number| {
            let mut text = String::new();
            if let Some(mut file) = open_set_aside(&path, number).expect("opened") {
                file.read_to_string(&mut text).expect("read");
            }
            text
        };
        (folder, read)
    }

    #[test]
    fn a_full_log_is_set_aside_and_the_oldest_goes() {
        let (folder, read) = fill("turn", Limits { size: Some(5), files: 3, compress: false });
        assert_eq!([read(0), read(1), read(2), read(3)], ["", "line 4\n", "line 3\n", ""]);
        fs::remove_dir_all(folder).expect("removed");
    }
}
