//! The caller's side of a process in a container: its streams, its terminal, and the keys that leave it.

pub(super) mod copy;
mod keys;
mod raw;

pub use keys::{DetachKeys, DetachKeysError};

use std::os::fd::BorrowedFd;

/// Where a process's input comes from and its output goes.
#[derive(Debug, Clone, Copy)]
pub struct Streams<'a> {
    /// Standard input; `None` is empty.
    pub stdin: Option<BorrowedFd<'a>>,
    /// Standard output.
    pub stdout: BorrowedFd<'a>,
    /// Standard error; unused with a terminal.
    pub stderr: BorrowedFd<'a>,
    /// Becomes readable each time the caller's terminal has changed its size (SIGWINCH).
    pub resized: Option<BorrowedFd<'a>>,
    /// What leaves the process without ending it, where there is a terminal.
    pub detach_keys: &'a DetachKeys,
}

/// How being connected to a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The process ended.
    Exited {
        /// Its exit code, 128 plus the signal if one ended it, or `None` where nobody could see it.
        exit_code: Option<i32>,
    },
    /// The process goes on without the caller.
    Detached,
}
