//! Programs of the host that change a container before its root is entered.

use crate::runtime::launch::HookPlan;
use crate::sys::pidfd_open;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

/// Runs one to its end, with all privileges of the engine: it is the host's, as the specification that
/// names it. What it does not read of its input is its own affair.
pub(super) fn run(plan: &HookPlan) -> nix::Result<()> {
    let mut child = start(plan).map_err(errno)?;
    if let Some(mut input) = child.stdin.take() {
        let _ = input.write_all(plan.state.as_bytes());
    }
    if let Some(seconds) = plan.hook.timeout() {
        wait_at_most(&mut child, seconds)?;
    }
    // What it printed is nowhere to be shown: the container has no log yet.
    if child.wait().map_err(errno)?.success() { Ok(()) } else { Err(Errno::ECANCELED) }
}

fn start(plan: &HookPlan) -> io::Result<Child> {
    let arguments = plan.hook.args().iter().flatten();
    let variables = plan.hook.env().iter().flatten().filter_map(|variable| variable.split_once('='));
    Command::new(plan.hook.path())
        // The first is the name it is called by.
        .args(arguments.skip(1))
        .env_clear()
        .envs(variables)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

fn wait_at_most(child: &mut Child, seconds: i64) -> nix::Result<()> {
    let pid = i32::try_from(child.id()).map_err(|_| Errno::ESRCH)?;
    let pidfd = pidfd_open(Pid::from_raw(pid)).map_err(errno)?;
    let timeout = i32::try_from(seconds.saturating_mul(1000)).unwrap_or(i32::MAX);
    let timeout = PollTimeout::try_from(timeout).map_err(|_| Errno::EINVAL)?;
    match poll(&mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)], timeout)? {
        0 => {
            child.kill().map_err(errno)?;
            Err(Errno::ETIMEDOUT)
        }
        _ => Ok(()),
    }
}

fn errno(error: io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(Errno::EIO as i32))
}
