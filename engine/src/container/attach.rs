//! Connecting the caller to the streams of a container's first process, at its start or later.
//!
//! The container writes to its supervisor, which keeps a log and writes to a pipe of each caller; a
//! caller writes to the container's terminal or pipe itself.

use super::folder::Folder;
use super::terminal::copy::{Connection, Left};
use super::{End, NoSuchContainer, StartError, Streams, find, start};
use crate::state::record::RecordError;
use crate::state::{Layout, container};
use crate::supervisor::message::{self, Answer, Request};
use crate::supervisor::spawn::{self, Mode};
use crate::supervisor::{Failure, presence};
use crate::sys;
use engine_spec::{ContainerId, ContainerName, ProcessSpec};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Nobody could be connected to a container.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// It does not run.
    #[error("container {0} is not running")]
    NotRunning(ContainerName),
    /// Its record could not be read.
    #[error("cannot read the record of container {name}")]
    Record {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// It was to be started, and could not be.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its supervisor refused.
    #[error("cannot attach to container {name}")]
    Refused {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Failure,
    },
    /// Its supervisor or terminal could not be talked to.
    #[error("lost the connection to container {name}")]
    Lost {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Connects the caller to a running container, until it ends or the caller leaves it. Input goes to it
/// only if it keeps its standard input open.
///
/// # Errors
/// Says why the caller could not be connected.
pub fn attach(layout: &Layout, name: &ContainerName, streams: Streams<'_>) -> Result<End, AttachError> {
    let client = Client::new(layout, name, streams)?;
    let folder = Folder::of(layout, &client.id);
    loop {
        if !presence::is_present(&folder) {
            return Err(AttachError::NotRunning(name.clone()));
        }
        let offer = client.offer()?;
        let supervisor = message::call(folder.run()).map_err(client.lost())?;
        offer.send(&supervisor).map_err(client.lost())?;
        if let Some(end) = client.connect(&supervisor, offer)? {
            return Ok(end);
        }
        client.wait_for_another()?;
    }
}

/// Starts a container and connects the caller to it before it writes anything; one that runs is only
/// connected to.
///
/// # Errors
/// Says why it could not be started, or the caller not connected.
pub fn start_attached(
    layout: &Layout,
    name: &ContainerName,
    streams: Streams<'_>,
) -> Result<End, AttachError> {
    let client = Client::new(layout, name, streams)?;
    let offer = client.offer()?;
    let begun = spawn::begin(layout, &client.id, Mode::Launch, |socket| offer.send(socket));
    match begun.map_err(|source| StartError::Launch { name: name.clone(), source })? {
        (supervisor, Some(_ports)) => match client.connect(&supervisor, offer)? {
            Some(end) => Ok(end),
            None => {
                client.wait_for_another()?;
                attach(layout, name, streams)
            }
        },
        // Another command has started it, or does now.
        (_, None) => {
            start::start(layout, name)?;
            attach(layout, name, streams)
        }
    }
}

/// Who wants to be connected.
struct Client<'a> {
    layout: &'a Layout,
    name: &'a ContainerName,
    id: ContainerId,
    process: ProcessSpec,
    streams: Streams<'a>,
}

/// The pipes that output comes through, and their other ends.
struct Offer {
    window: Option<(u16, u16)>,
    outputs: [OwnedFd; 2],
    ends: [OwnedFd; 2],
}

/// As much as a pipe may hold unasked (pipe(7), `pipe-max-size`).
const PIPE_BYTES: i32 = 1 << 20;

impl<'a> Client<'a> {
    fn new(layout: &'a Layout, name: &'a ContainerName, streams: Streams<'a>) -> Result<Self, AttachError> {
        let id = find(layout, name)?;
        let record = container::load(layout, &id);
        let record =
            record.map_err(|source| AttachError::Record { name: name.clone(), source: Box::new(source) })?;
        let process = record.ok_or_else(|| NoSuchContainer(name.clone()))?.spec.process;
        let stdin = streams.stdin.filter(|_| process.stdin_open);
        Ok(Self { layout, name, id, process, streams: Streams { stdin, ..streams } })
    }

    fn lost(&self) -> impl Fn(io::Error) -> AttachError + use<> {
        let name = self.name.clone();
        move |source| AttachError::Lost { name: name.clone(), source }
    }

    fn offer(&self) -> Result<Offer, AttachError> {
        let pipe = || -> io::Result<(OwnedFd, OwnedFd)> {
            let (output, end) = pipe2(OFlag::O_CLOEXEC)?;
            // A smaller one does as well.
            let _ = fcntl(&end, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
            Ok((output, end))
        };
        let ((stdout, out_end), (stderr, err_end)) =
            (pipe().map_err(self.lost())?, pipe().map_err(self.lost())?);
        let window = sys::window_size(self.streams.stdout).ok().filter(|_| self.process.tty);
        Ok(Offer { window, outputs: [stdout, stderr], ends: [out_end, err_end] })
    }

    /// Copies until the container has ended or the caller leaves; `None` where the supervisor was lost.
    fn connect(&self, supervisor: &OwnedFd, offer: Offer) -> Result<Option<End>, AttachError> {
        let Offer { outputs: [stdout, stderr], ends, .. } = offer;
        drop(ends);
        let mut input = match message::receive::<Answer>(supervisor).map_err(self.lost())? {
            Some((Answer::Attached, descriptors)) => descriptors,
            Some((Answer::Failed(source), _)) => {
                return Err(AttachError::Refused { name: self.name.clone(), source });
            }
            Some(_) | None => return Ok(None),
        };
        let streams = self.streams;
        let connection = Connection {
            streams,
            input: input.pop(),
            outputs: vec![(stdout, streams.stdout), (stderr, streams.stderr)],
            is_terminal: self.process.tty,
        };
        if connection.copy(supervisor).map_err(self.lost())? == Left::Detached {
            return Ok(Some(End::Detached));
        }
        Ok(match message::receive::<Answer>(supervisor).map_err(self.lost())? {
            Some((Answer::Ended { exit_code }, _)) => Some(End::Exited { exit_code }),
            Some(_) | None => None,
        })
    }

    /// After a supervisor was killed: another takes the container over, which has waited meanwhile.
    fn wait_for_another(&self) -> Result<(), AttachError> {
        let adopted = spawn::supervisor(self.layout, &self.id, Mode::Adopt);
        adopted.map_err(|source| StartError::Launch { name: self.name.clone(), source })?;
        Ok(())
    }
}

impl Offer {
    fn send(&self, supervisor: &OwnedFd) -> io::Result<()> {
        let ends = self.ends.each_ref().map(AsFd::as_fd);
        message::send(supervisor, &Request::Attach { window: self.window }, &ends)
    }
}
