//! Copying between the caller's streams and those of a process in a container.
//!
//! Nothing here waits on one stream alone: input that the process does not read yet is kept, as a
//! process that is stuck writing reads nothing.

use super::keys::{Typed, Watch};
use super::raw::Raw;
use super::{DetachKeys, Streams};
use crate::sys;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{read, write};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

const BUFFER: usize = 64 << 10;

/// What is connected.
#[derive(Debug)]
pub(in crate::container) struct Connection<'a> {
    /// The caller's side.
    pub(in crate::container) streams: Streams<'a>,
    /// Where the process reads from: its terminal's master, or a pipe.
    pub(in crate::container) input: Option<OwnedFd>,
    /// Where the process writes to, and where that goes.
    pub(in crate::container) outputs: Vec<(OwnedFd, BorrowedFd<'a>)>,
    /// Whether `input` is a terminal.
    pub(in crate::container) is_terminal: bool,
}

/// Why copying is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::container) enum Left {
    /// There is nothing more to copy.
    Ended,
    /// The caller typed the detach keys, or reads no more.
    Detached,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Ended,
    Output(usize),
    Resized,
    Stdin,
    Input,
}

impl Connection<'_> {
    /// Copies until the process has ended and all it wrote is copied; `supervisor` tells the former.
    pub(in crate::container) fn copy(self, supervisor: &OwnedFd) -> io::Result<Left> {
        let Self { streams, input, outputs, is_terminal } = self;
        let _raw = streams.stdin.filter(|_| is_terminal).and_then(Raw::enter);
        if let Some(input) = &input {
            fcntl(input, FcntlArg::F_SETFL(OFlag::O_WRONLY | OFlag::O_NONBLOCK))?;
        }
        let no_keys = DetachKeys::none();
        let watch = Watch::new(if is_terminal { streams.detach_keys } else { &no_keys });
        let stdin = streams.stdin.filter(|_| input.is_some());
        let copying = Copying { streams, stdin, input, outputs, is_terminal, watch, pending: Vec::new() };
        copying.run(supervisor.as_fd())
    }
}

struct Copying<'a, 'k> {
    streams: Streams<'a>,
    /// The caller's input, until its end.
    stdin: Option<BorrowedFd<'a>>,
    input: Option<OwnedFd>,
    outputs: Vec<(OwnedFd, BorrowedFd<'a>)>,
    is_terminal: bool,
    watch: Watch<'k>,
    /// What was read from the caller and not taken by the process yet.
    pending: Vec<u8>,
}

impl Copying<'_, '_> {
    fn run(mut self, ended: BorrowedFd<'_>) -> io::Result<Left> {
        self.resize();
        loop {
            let ready = self.wait(ended)?;
            for source in &ready {
                let left = match *source {
                    Source::Output(number) => self.take_output(number)?,
                    Source::Stdin => self.take_input()?,
                    Source::Input => self.pass_input().map(|()| None)?,
                    Source::Resized => {
                        drain(self.streams.resized);
                        self.resize();
                        None
                    }
                    Source::Ended => None,
                };
                if let Some(left) = left {
                    return Ok(left);
                }
            }
            let has_output = ready.iter().any(|source| matches!(source, Source::Output(_)));
            if !has_output && ready.contains(&Source::Ended) {
                return Ok(Left::Ended);
            }
        }
    }

    /// Outputs come in falling order, so that taking one out moves none that is still to be read.
    fn wait(&self, ended: BorrowedFd<'_>) -> io::Result<Vec<Source>> {
        let mut polled = vec![(Source::Ended, ended, PollFlags::POLLIN)];
        let outputs = self.outputs.iter().enumerate().rev();
        polled.extend(outputs.map(|(n, (from, _))| (Source::Output(n), from.as_fd(), PollFlags::POLLIN)));
        polled.extend(self.streams.resized.map(|fd| (Source::Resized, fd, PollFlags::POLLIN)));
        match &self.input {
            Some(input) if !self.pending.is_empty() => {
                polled.push((Source::Input, input.as_fd(), PollFlags::POLLOUT));
            }
            _ => polled.extend(self.stdin.map(|fd| (Source::Stdin, fd, PollFlags::POLLIN))),
        }
        let mut descriptors: Vec<_> = polled.iter().map(|(_, fd, flags)| PollFd::new(*fd, *flags)).collect();
        match poll(&mut descriptors, PollTimeout::NONE) {
            Err(Errno::EINTR) => return Ok(Vec::new()),
            counted => counted?,
        };
        let has_happened = |fd: &PollFd<'_>| fd.revents().is_some_and(|happened| !happened.is_empty());
        let ready = polled.iter().zip(&descriptors).filter(|(_, fd)| has_happened(fd));
        Ok(ready.map(|((source, ..), _)| *source).collect())
    }

    /// Passes on what the process wrote. A terminal without users tells its end as EIO.
    fn take_output(&mut self, number: usize) -> io::Result<Option<Left>> {
        let (from, to) = &self.outputs[number];
        let mut buffer = [0; BUFFER];
        let length = match read(from, &mut buffer) {
            Ok(0) | Err(Errno::EIO) => {
                self.outputs.remove(number);
                return Ok(None);
            }
            Err(Errno::EINTR | Errno::EAGAIN) => return Ok(None),
            length => length?,
        };
        match write_all(*to, &buffer[..length]) {
            // `… | head` has read enough.
            Err(Errno::EPIPE) => Ok(Some(Left::Detached)),
            written => Ok(written.map(|()| None)?),
        }
    }

    fn take_input(&mut self) -> io::Result<Option<Left>> {
        let Some(stdin) = self.stdin else { return Ok(None) };
        let mut buffer = [0; BUFFER];
        let typed = match read(stdin, &mut buffer) {
            Ok(0) | Err(Errno::EIO) => {
                self.end_input();
                return Ok(None);
            }
            Err(Errno::EINTR | Errno::EAGAIN) => return Ok(None),
            length => self.watch.look(&buffer[..length?]),
        };
        match typed {
            Typed::Input(bytes) => {
                self.pending = bytes;
                self.pass_input()?;
                Ok(None)
            }
            Typed::Detach(bytes) => {
                self.pending = bytes;
                self.pass_input()?;
                Ok(Some(Left::Detached))
            }
        }
    }

    /// A pipe is closed with the caller's input; a terminal has no end.
    fn end_input(&mut self) {
        self.stdin = None;
        if !self.is_terminal {
            self.input = None;
        }
    }

    /// Writes as much as the process takes.
    fn pass_input(&mut self) -> io::Result<()> {
        while let Some(input) = self.input.as_ref().filter(|_| !self.pending.is_empty()) {
            match write(input, &self.pending) {
                Ok(length) => drop(self.pending.drain(..length)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(()),
                // Nobody reads any more.
                Err(Errno::EPIPE | Errno::EIO) => {
                    self.pending.clear();
                    self.end_input();
                }
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    /// Gives the container's terminal the size of the caller's, if that has one.
    fn resize(&self) {
        if let Some(terminal) = self.input.as_ref().filter(|_| self.is_terminal)
            && let Ok((rows, columns)) = sys::window_size(self.streams.stdout)
        {
            // A wrong size is no reason to end the process.
            let _ = sys::set_window_size(terminal.as_fd(), rows, columns);
        }
    }
}

fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> nix::Result<()> {
    while !bytes.is_empty() {
        match write(to, bytes) {
            Err(Errno::EINTR) => {}
            // A caller's stream may be nonblocking by the doing of others.
            Err(Errno::EAGAIN) => {
                let _ = poll(&mut [PollFd::new(to, PollFlags::POLLOUT)], PollTimeout::NONE);
            }
            written => bytes = &bytes[written?..],
        }
    }
    Ok(())
}

fn drain(resized: Option<BorrowedFd<'_>>) {
    if let Some(resized) = resized {
        let _ = read(resized, &mut [0; 1024]);
    }
}
