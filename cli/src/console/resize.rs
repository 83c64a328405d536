//! News of the terminal's size (SIGWINCH) as a descriptor, for whoever copies between two terminals.

use crate::error::CommandError;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Becomes readable each time the terminal has changed its size. To be called before there are threads.
pub(crate) fn listen() -> Result<SignalFd, CommandError> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGWINCH);
    let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
    let opened = signals.thread_block().and_then(|()| SignalFd::with_flags(&signals, flags));
    opened.map_err(|errno| CommandError::Terminal(errno.into()))
}
