//! One RUN of a build: a container without a record, which lives as long as its command and leaves
//! only its upper folder.
//!
//! ```text
//! build ── run ── spawn ──> __step: launch, serve names, wait for the end ([`serve`])
//!           └ StepSpec ──>  socket on standard input, in a file in memory
//!           <── output ──   pipes that are the command's own standard output and error
//!           <── Exited ──   the socket again; its end from our side kills the command
//! ```

mod mount;
mod options;
mod serve;
mod stub;

pub use options::{SecretBytes, StepMount, StepOptions, StepSource};
pub(super) use serve::main;

use super::failure::Failure;
use super::message::{self, Answer};
use super::spawn;
use crate::state::Layout;
use engine_spec::{BuildNetwork, HostAddress};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{Shutdown, shutdown};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, PipeReader, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::process::Command;

/// One command to run on top of some layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSpec {
    /// Tells it from other steps that run now; letters, digits and `-`.
    pub id: String,
    /// The layers below, topmost first.
    pub layers: Vec<PathBuf>,
    /// Where changes go.
    pub upper: PathBuf,
    /// The overlay's work folder, on the same file system.
    pub work: PathBuf,
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// Variables as `NAME=value`.
    pub environment: Vec<String>,
    /// Working folder, absolute; made if it is missing.
    pub working_dir: PathBuf,
    /// `name|uid[:group|gid]`; `None` is root.
    pub user: Option<String>,
    /// How it is connected.
    pub network: BuildNetwork,
    /// Lines for /etc/hosts.
    pub extra_hosts: Vec<(String, HostAddress)>,
    /// All that most steps have no use for.
    pub options: StepOptions,
}

/// Where a piece of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A step could not be run; a command that ran and failed is not an error but an exit code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The process that runs it could not be made or talked to.
    #[error("cannot {attempt} the process that runs the build step")]
    Process {
        /// `start`, `talk to`, …
        attempt: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The process that runs it was killed.
    #[error("the process that runs the build step was killed")]
    Killed,
    /// The command could not be launched.
    #[error(transparent)]
    Launch(Failure),
}

/// Runs one command and returns its exit code, 128 plus the signal if one ended it.
///
/// `output` gets what it writes, as it writes it. The command dies with this process, or when `stop`
/// becomes readable.
///
/// # Errors
/// Says what kept the command from being run.
pub fn run(
    layout: &Layout,
    step: &StepSpec,
    stop: BorrowedFd<'_>,
    output: &mut dyn FnMut(Stream, &[u8]),
) -> Result<i32, StepError> {
    let failed = |attempt| move |source| StepError::Process { attempt, source };
    let (ours, theirs) = message::pair().map_err(failed("connect to"))?;
    let (stdout, their_stdout) = io::pipe().map_err(failed("connect to"))?;
    let (stderr, their_stderr) = io::pipe().map_err(failed("connect to"))?;
    let connect = |command: &mut Command| {
        command.stdin(theirs).stdout(their_stdout).stderr(their_stderr);
    };
    let mut child = spawn::spawn(layout, &[spawn::STEP], connect).map_err(failed("start"))?;
    hand_over(&ours, step).map_err(failed("talk to"))?;
    let mut streams = Streams { stdout: Some(stdout), stderr: Some(stderr) };
    let passed = streams.pass(stop, ours.as_fd(), output).map_err(failed("read from"));
    let answer = message::receive::<Answer>(&ours).map_err(failed("talk to"));
    // Closing our end ends what still runs.
    drop(ours);
    child.wait().map_err(failed("wait for"))?;
    passed?;
    match answer? {
        Some((Answer::Exited { exit_code }, _)) => Ok(exit_code),
        Some((Answer::Failed(failure), _)) => Err(StepError::Launch(failure)),
        Some(_) | None => Err(StepError::Killed),
    }
}

/// Sends a step as a file in memory: it may be longer than a message, and may hold secrets.
fn hand_over(socket: &OwnedFd, step: &StepSpec) -> io::Result<()> {
    let mut file = File::from(memfd_create(c"step", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(&serde_json::to_vec(step)?)?;
    message::send(socket, &(), &[file.as_fd()])
}

/// Takes what [`hand_over`] sent; `None` if the caller has gone.
fn take_over(socket: impl AsFd) -> io::Result<Option<StepSpec>> {
    let Some(((), descriptors)) = message::receive::<()>(socket)? else { return Ok(None) };
    let Some(descriptor) = descriptors.into_iter().next() else { return Ok(None) };
    let mut file = File::from(descriptor);
    file.rewind()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(Some(serde_json::from_slice(&text)?))
}

/// Our ends of the command's output; `None` once nobody can write to it.
struct Streams {
    stdout: Option<PipeReader>,
    stderr: Option<PipeReader>,
}

impl Streams {
    /// Passes on what is written until the last writer has gone; hangs up on the step if it is to stop.
    fn pass(
        &mut self,
        stop: BorrowedFd<'_>,
        step: BorrowedFd<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<()> {
        let mut stop = Some(stop);
        while self.stdout.is_some() || self.stderr.is_some() {
            let (ready, is_stopped) = self.wait(stop)?;
            if is_stopped {
                stop = None;
                shutdown(step.as_raw_fd(), Shutdown::Both)?;
            }
            for stream in ready {
                let pipe = match stream {
                    Stream::Stdout => &mut self.stdout,
                    Stream::Stderr => &mut self.stderr,
                };
                let mut buffer = [0; 16 << 10];
                match pipe.as_mut().map_or(Ok(0), |pipe| pipe.read(&mut buffer)) {
                    Ok(0) => *pipe = None,
                    Ok(length) => output(stream, &buffer[..length]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Waits for output, and says where and whether to stop.
    fn wait(&self, stop: Option<BorrowedFd<'_>>) -> io::Result<(Vec<Stream>, bool)> {
        let stdout = self.stdout.iter().map(|pipe| (Stream::Stdout, pipe.as_fd()));
        let stderr = self.stderr.iter().map(|pipe| (Stream::Stderr, pipe.as_fd()));
        let streams: Vec<_> = stdout.chain(stderr).collect();
        let mut polled: Vec<_> = streams.iter().map(|(_, fd)| PollFd::new(*fd, PollFlags::POLLIN)).collect();
        polled.extend(stop.map(|stop| PollFd::new(stop, PollFlags::POLLIN)));
        match poll(&mut polled, PollTimeout::NONE) {
            Err(Errno::EINTR) => return Ok((Vec::new(), false)),
            counted => counted?,
        };
        let is_ready = |polled: &PollFd<'_>| polled.any().unwrap_or(true);
        let is_stopped = polled.get(streams.len()).is_some_and(is_ready);
        let ready = streams.iter().zip(&polled).filter(|(_, polled)| is_ready(polled));
        Ok((ready.map(|((stream, _), _)| *stream).collect(), is_stopped))
    }
}
