//! Copying between the caller's terminal and one in a container.

use super::ExecStdio;
use crate::sys;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{self, SetArg, Termios};
use nix::unistd::{read, write};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Copies until the process in the container has ended, as the supervisor tells on its socket.
pub(super) fn copy(master: &OwnedFd, supervisor: &OwnedFd, stdio: ExecStdio<'_>) -> io::Result<()> {
    let _raw = stdio.stdin.and_then(Raw::enter);
    resize(master, stdio);
    let mut stdin = stdio.stdin;
    let mut is_open = true;
    loop {
        let mut polled = vec![PollFd::new(supervisor.as_fd(), PollFlags::POLLIN)];
        let optional = [is_open.then(|| master.as_fd()), stdin, stdio.resized];
        polled.extend(optional.into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        match poll(&mut polled, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            counted => counted?,
        };
        let happened: Vec<bool> = polled.iter().map(|polled| polled.any().unwrap_or(true)).collect();
        let mut happened = happened.into_iter();
        let has_ended = happened.next() == Some(true);
        let mut is_ready = |is_polled: bool| is_polled && happened.next() == Some(true);
        let (has_output, has_input) = (is_ready(is_open), is_ready(stdin.is_some()));
        if is_ready(stdio.resized.is_some()) {
            drain(stdio.resized);
            resize(master, stdio);
        }
        if has_output {
            is_open = pass(master.as_fd(), stdio.stdout)?;
        } else if has_ended {
            return Ok(());
        }
        if let Some(from) = stdin.filter(|_| has_input) {
            stdin = pass(from, master.as_fd())?.then_some(from);
        }
    }
}

/// Passes on what is there; false at the end, which a terminal without users tells as EIO.
fn pass(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> io::Result<bool> {
    let mut buffer = [0; 8 << 10];
    let length = match read(from, &mut buffer) {
        Ok(0) | Err(Errno::EIO) => return Ok(false),
        Err(Errno::EINTR | Errno::EAGAIN) => return Ok(true),
        read => read?,
    };
    let mut rest = &buffer[..length];
    while !rest.is_empty() {
        match write(to, rest) {
            Err(Errno::EIO) => return Ok(false),
            Err(Errno::EINTR) => {}
            written => rest = &rest[written?..],
        }
    }
    Ok(true)
}

/// Gives the container's terminal the size of the caller's, if that has one.
fn resize(master: &OwnedFd, stdio: ExecStdio<'_>) {
    if let Ok((rows, columns)) = sys::window_size(stdio.stdout) {
        // A wrong size is no reason to end the process.
        let _ = sys::set_window_size(master.as_fd(), rows, columns);
    }
}

fn drain(resized: Option<BorrowedFd<'_>>) {
    if let Some(resized) = resized {
        let _ = read(resized, &mut [0; 64]);
    }
}

/// The caller's terminal without line editing and signals, until dropped.
struct Raw<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> Raw<'a> {
    /// `None` for what is no terminal.
    fn enter(terminal: BorrowedFd<'a>) -> Option<Self> {
        let before = termios::tcgetattr(terminal).ok()?;
        let mut raw = before.clone();
        termios::cfmakeraw(&mut raw);
        termios::tcsetattr(terminal, SetArg::TCSANOW, &raw).ok()?;
        Some(Self { terminal, before })
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        // Nothing can be done where the terminal is gone.
        let _ = termios::tcsetattr(self.terminal, SetArg::TCSANOW, &self.before);
    }
}
