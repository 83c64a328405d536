//! A container's standard streams as named pipes, so that they outlive the supervisor.
//!
//! The container's ends are open for reading and writing (fifo(7)): without a supervisor there is
//! still a reader, so writing neither fails nor kills, and what was written waits for the next one.

use crate::container::folder::Folder;
use engine_spec::ProcessSpec;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The supervisor's ends of standard output and error; reading does not wait.
#[derive(Debug)]
pub(super) struct Output {
    /// What the container writes to standard output.
    pub(super) stdout: File,
    /// What it writes to standard error.
    pub(super) stderr: File,
}

impl Output {
    /// Opens both pipes, made first where they are missing.
    pub(super) fn open(folder: &Folder) -> io::Result<Self> {
        let open = |name: &str| {
            let path = folder.pipe(name);
            make(&path)?;
            OpenOptions::new().read(true).write(true).custom_flags(nix::libc::O_NONBLOCK).open(path)
        };
        Ok(Self { stdout: open("stdout")?, stderr: open("stderr")? })
    }
}

/// The container's ends of its streams.
#[derive(Debug)]
pub(super) struct Ends {
    /// Input, output, error.
    pub(super) streams: [OwnedFd; 3],
    /// Keeps input from ending before the one client has come whose end it ends with.
    pub(super) keeper: Option<OwnedFd>,
}

/// Opens the container's ends. Input is empty unless it is to be kept open.
pub(super) fn container_ends(folder: &Folder, process: &ProcessSpec) -> io::Result<Ends> {
    let both_ways = |path: &Path| OpenOptions::new().read(true).write(true).open(path).map(OwnedFd::from);
    let (stdin, keeper) = if process.stdin_open {
        let path = folder.pipe("stdin");
        make(&path)?;
        let kept = both_ways(&path)?;
        match process.stdin_once {
            // The last writer's end is the end of input.
            true => (File::open(&path)?.into(), Some(kept)),
            false => (kept, None),
        }
    } else {
        (File::open("/dev/null")?.into(), None)
    };
    let streams = [stdin, both_ways(&folder.pipe("stdout"))?, both_ways(&folder.pipe("stderr"))?];
    Ok(Ends { streams, keeper })
}

/// Where somebody writes what the container reads; an error where it reads no more.
pub(super) fn open_input(folder: &Folder) -> io::Result<OwnedFd> {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(nix::libc::O_NONBLOCK);
    options.open(folder.pipe("stdin")).map(OwnedFd::from)
}

fn make(path: &Path) -> io::Result<()> {
    match mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR) {
        Ok(()) | Err(nix::errno::Errno::EEXIST) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
