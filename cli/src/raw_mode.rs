//! The caller's terminal handed through to a process: every key goes there, Ctrl-C too.

use crate::error::CommandError;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use std::io::{self, Stdin};
use std::os::fd::{AsFd, BorrowedFd};

/// As long as it exists, the terminal does nothing by itself; it is set back when dropped.
#[derive(Debug)]
pub(crate) struct RawMode {
    terminal: Stdin,
    saved: Termios,
    resized: SignalFd,
}

impl RawMode {
    /// Takes over the terminal on stdin.
    pub(crate) fn enter() -> Result<Self, CommandError> {
        Self::try_enter().map_err(CommandError::Terminal)
    }

    fn try_enter() -> io::Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGWINCH);
        signals.thread_block()?;
        let resized = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let terminal = io::stdin();
        let saved = tcgetattr(&terminal)?;
        let mut raw = saved.clone();
        cfmakeraw(&mut raw);
        tcsetattr(&terminal, SetArg::TCSANOW, &raw)?;
        Ok(Self { terminal, saved, resized })
    }

    /// Becomes readable when the terminal has changed its size.
    pub(crate) fn resized(&self) -> BorrowedFd<'_> {
        self.resized.as_fd()
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // A terminal that has gone away needs no mode.
        let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &self.saved);
    }
}
