//! How a container's first process ended.
//!
//! The supervisor that launched it is its parent and waits for it. One that adopted it is not: the
//! machine's init is, and reaps it at its own pace. Until then `/proc/PID/stat` has the status; from
//! Linux 6.15 on our descriptor has it afterwards.

use super::entered;
use crate::state::ProcessRef;
use crate::sys;
use nix::sys::wait::WaitStatus;
use std::fs;
use std::os::fd::BorrowedFd;

/// Field 52, counted from field 3, which is the first after the command's name (proc_pid_stat(5)).
const EXIT_STATUS_AFTER_NAME: usize = 52 - 3;

/// The exit code of a process that has ended, 128 plus the signal if one ended it; `None` where its
/// parent has reaped it and the kernel does not keep it.
pub(super) fn exit_code(process: ProcessRef, pidfd: BorrowedFd<'_>) -> Option<i32> {
    entered::reap(pidfd).or_else(|| {
        let status = unreaped(process).or_else(|| sys::pidfd_exit_status(pidfd).ok().flatten())?;
        match WaitStatus::from_raw(process.pid(), status).ok()? {
            WaitStatus::Exited(_, code) => Some(code),
            WaitStatus::Signaled(_, signal, _) => Some(128 + signal as i32),
            _ => None,
        }
    })
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
        assert_eq!(exit_code(process, std::os::fd::AsFd::as_fd(&pidfd)), Some(3));
        // It is reaped by now.
        assert!(child.wait().is_err());
    }
}
