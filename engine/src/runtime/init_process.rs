//! `init: true`: our own binary as PID 1, which forwards signals and reaps what the program leaves.
//!
//! A program that is PID 1 itself ignores every signal it has no handler for, and nobody reaps orphans.
//! `argv` is this process's name, the program's path, and the program's own `argv`. Our own launcher has
//! looked the path up already; an external runtime cannot, and leaves it empty.

use crate::sys::process;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, execv, execvp, getpgrp, isatty, setpgid, tcsetpgrp};
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::ExitCode;

/// The name under which the binary is PID 1 of a container: its `argv[0]`.
pub const NAME: &str = "lighter-init";

/// The exit codes of a shell for a program that cannot be executed.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
/// Added to the number of the signal that ended the program, as a shell does.
const SIGNALLED: u8 = 128;

/// Whether the binary was started as a container's PID 1. `main` asks before anything else.
#[must_use]
pub fn is_requested(argv0: &OsStr) -> bool {
    Path::new(argv0).file_name() == Some(OsStr::new(NAME))
}

/// Runs the program given by the arguments after `argv[0]`, and ends with its exit code.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    // A NUL cannot occur: the arguments have come through execve(2).
    let texts: Result<Vec<CString>, _> =
        arguments.into_iter().map(|argument| CString::new(argument.into_vec())).collect();
    match texts.as_deref() {
        Ok([path, arguments @ ..]) if !arguments.is_empty() => match supervise(path, arguments) {
            Ok(code) => ExitCode::from(code),
            // Whatever failed, the program does not run and its container is told so by the code.
            Err(_) => ExitCode::from(NOT_EXECUTABLE),
        },
        _ => ExitCode::from(NOT_EXECUTABLE),
    }
}

fn supervise(path: &CString, arguments: &[CString]) -> io::Result<u8> {
    let all = SigSet::all();
    let mut inherited = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&all), Some(&mut inherited))?;
    let signals = SignalFd::new(&all)?;
    let program = process::fork(|| become_program(path, arguments, &inherited))?;
    loop {
        let Some(signal) = signals.read_signal()? else { continue };
        let number = i32::try_from(signal.ssi_signo).unwrap_or_default();
        if number != libc::SIGCHLD {
            // It may have ended meanwhile; its SIGCHLD comes next.
            let _ = process::kill(program, number);
        } else if let Some(code) = reap(program)? {
            return Ok(code);
        }
    }
}

/// The program leads a process group of its own, in the foreground of the terminal if there is one, so
/// that keys like Ctrl-C reach it and its children.
fn become_program(path: &CString, arguments: &[CString], mask: &SigSet) -> i32 {
    let myself = Pid::from_raw(0);
    let is_ready = setpgid(myself, myself).and_then(|()| match isatty(io::stdin()) {
        Ok(true) => tcsetpgrp(io::stdin(), getpgrp()),
        Ok(false) | Err(_) => Ok(()),
    });
    let unmasked = is_ready.and_then(|()| sigprocmask(SigmaskHow::SIG_SETMASK, Some(mask), None));
    let executed = unmasked.and_then(|()| match path.is_empty() {
        true => execvp(&arguments[0], arguments),
        false => execv(path, arguments),
    });
    match executed {
        Err(Errno::ENOENT) => i32::from(NOT_FOUND),
        Err(_) => i32::from(NOT_EXECUTABLE),
        Ok(never) => match never {},
    }
}

/// Reaps whatever has ended. The program's exit code, if it is among them.
fn reap(program: Pid) -> nix::Result<Option<u8>> {
    loop {
        match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == program => return Ok(Some(code as u8)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == program => {
                return Ok(Some(SIGNALLED + signal as u8));
            }
            Ok(WaitStatus::StillAlive) => return Ok(None),
            Ok(_) => {}
            Err(errno) => return Err(errno),
        }
    }
}
