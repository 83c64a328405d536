//! How a container's first process ended.
//!
//! The supervisor that launched it is its parent and waits for it. One that adopted it is not: the
//! machine's init is, and reaps it at its own pace. Until then `/proc/PID/stat` has the status; from
//! Linux 6.15 on our descriptor has it afterwards.

use crate::state::ProcessRef;
use crate::sys;
use engine_spec::Status;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use std::fs;
use std::os::fd::BorrowedFd;
use std::time::SystemTime;

/// Field 52, counted from field 3, which is the first after the command's name (proc_pid_stat(5)).
const EXIT_STATUS_AFTER_NAME: usize = 52 - 3;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Ended {
    /// Its exit code, 128 plus the signal if one ended it.
    pub(super) fn exit_code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }

    /// The signal that ended it, if one did.
    pub(super) fn signal(self) -> Option<i32> {
        match self {
            Self::Code(_) => None,
            Self::Signal(signal) => Some(signal),
        }
    }
}

/// The end of one run of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// How its first process ended, if somebody saw it.
    pub(super) how: Option<Ended>,
    /// When that run began.
    pub(super) started_at: Option<SystemTime>,
    /// When it ended.
    pub(super) finished_at: SystemTime,
    /// Whether the kernel ended a process of it for want of memory.
    pub(super) oom_killed: bool,
}

impl End {
    /// An end that nobody saw.
    pub(super) fn unseen(started_at: Option<SystemTime>, finished_at: SystemTime) -> Self {
        Self { how: None, started_at, finished_at, oom_killed: false }
    }

    /// The exit code, 128 plus the signal if one ended it.
    pub(super) fn exit_code(&self) -> Option<i32> {
        self.how.map(Ended::exit_code)
    }

    /// The same where Lighter sent the signal: what is left of it to tell is the exit code.
    pub(super) fn by_us(self) -> Self {
        Self { how: self.how.map(|how| Ended::Code(how.exit_code())), ..self }
    }

    /// What is shown of it when no other start follows.
    pub(super) fn status(&self, stopped_by_user: bool) -> Status {
        Status::Exited {
            exit_code: self.exit_code(),
            signal: self.how.and_then(Ended::signal),
            started_at: self.started_at,
            finished_at: self.finished_at,
            oom_killed: self.oom_killed,
            stopped_by_user,
            error: None,
        }
    }
}

/// How a process has ended; `None` where its parent has reaped it and the kernel does not keep it.
pub(super) fn of(process: ProcessRef, pidfd: BorrowedFd<'_>) -> Option<Ended> {
    let waited = waitid(Id::PIDFd(pidfd), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG).ok();
    waited.and_then(ended).or_else(|| {
        let status = unreaped(process).or_else(|| sys::pidfd_exit_status(pidfd).ok().flatten())?;
        ended(WaitStatus::from_raw(process.pid(), status).ok()?)
    })
}

/// `None` for a process that has not ended.
pub(super) fn ended(status: WaitStatus) -> Option<Ended> {
    match status {
        WaitStatus::Exited(_, code) => Some(Ended::Code(code)),
        WaitStatus::Signaled(_, signal, _) => Some(Ended::Signal(signal as i32)),
        _ => None,
    }
}

/// The wait status of a process that nobody has reaped yet.
fn unreaped(process: ProcessRef) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.pid)).ok()?;
    parse(&stat, process.start_time)
}

fn parse(stat: &str, start_time: u64) -> Option<i32> {
    const START_TIME_AFTER_NAME: usize = 22 - 3;
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let is_it = fields.first() == Some(&"Z") && fields.get(START_TIME_AFTER_NAME)?.parse() == Ok(start_time);
    if is_it { fields.get(EXIT_STATUS_AFTER_NAME)?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::Pid;

    #[test]
    fn a_zombie_tells_how_it_ended() {
        let mut child =
            std::process::Command::new("/bin/sh").args(["-c", "exit 3"]).spawn().expect("spawned");
        let pid = Pid::from_raw(child.id().try_into().expect("a pid"));
        let process = ProcessRef::of(pid).expect("there");
        let pidfd = sys::pidfd_open(pid).expect("opened");
        let flags = nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT;
        nix::sys::wait::waitid(nix::sys::wait::Id::Pid(pid), flags).expect("ended");
        assert_eq!(unreaped(process), Some(3 << 8));
        assert_eq!(unreaped(ProcessRef { start_time: 1, ..process }), None);
        assert_eq!(of(process, std::os::fd::AsFd::as_fd(&pidfd)), Some(Ended::Code(3)));
        // It is reaped by now.
        assert!(child.wait().is_err());
    }
}
