//! The caller's terminal and streams at a container's first process: `run`, `start -a`, `attach`.

use crate::console::resize;
use crate::error::CommandError;
use engine::container::{self, AttachError, DetachKeys, End, Streams};
use engine::state::Layout;
use engine_spec::ContainerName;
use nix::sys::signalfd::SignalFd;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which streams are connected, and how the caller leaves.
#[derive(Debug)]
pub(crate) struct Attachment {
    /// Whether input goes to the process.
    pub(crate) stdin: bool,
    /// Whether output is shown.
    pub(crate) stdout: bool,
    /// Whether errors are shown.
    pub(crate) stderr: bool,
    /// What leaves the container without ending it.
    pub(crate) detach_keys: DetachKeys,
    /// Tells of the terminal's size, where there is one.
    pub(crate) resized: Option<SignalFd>,
}

impl Attachment {
    /// Follows the terminal's size if the container has one. To be called before there are threads.
    pub(crate) fn listening(mut self, is_terminal: bool) -> Result<Self, CommandError> {
        if is_terminal {
            self.resized = Some(resize::listen()?);
        }
        Ok(self)
    }

    /// Starts a container and stays with it; its exit code becomes ours.
    pub(crate) fn start(&self, layout: &Layout, name: &ContainerName) -> Result<ExitCode, CommandError> {
        self.connect(|streams| container::start_attached(layout, name, streams))
    }

    /// Stays with a container that runs.
    pub(crate) fn attach(&self, layout: &Layout, name: &ContainerName) -> Result<ExitCode, CommandError> {
        self.connect(|streams| container::attach(layout, name, streams))
    }

    fn connect(
        &self,
        connect: impl FnOnce(Streams<'_>) -> Result<End, AttachError>,
    ) -> Result<ExitCode, CommandError> {
        let path = PathBuf::from("/dev/null");
        let null = File::options().write(true).open(&path);
        let null = null.map_err(|source| CommandError::File { attempt: "open", path, source })?;
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let streams = Streams {
            stdin: self.stdin.then(|| stdin.as_fd()),
            stdout: if self.stdout { stdout.as_fd() } else { null.as_fd() },
            stderr: if self.stderr { stderr.as_fd() } else { null.as_fd() },
            resized: self.resized.as_ref().map(AsFd::as_fd),
            detach_keys: &self.detach_keys,
        };
        Ok(match connect(streams)? {
            End::Exited { exit_code: Some(code) } => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
            End::Exited { exit_code: None } => ExitCode::FAILURE,
            End::Detached => ExitCode::SUCCESS,
        })
    }
}
