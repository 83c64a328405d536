//! The caller's terminal without line editing and signals, as long as a process in a container has it.

use nix::sys::termios::{self, SetArg, Termios};
use std::os::fd::BorrowedFd;

/// Put back when dropped.
pub(super) struct Raw<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> Raw<'a> {
    /// `None` for what is no terminal.
    pub(super) fn enter(terminal: BorrowedFd<'a>) -> Option<Self> {
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
