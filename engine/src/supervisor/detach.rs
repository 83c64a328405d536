//! What a supervisor does first: it leaves whoever called it.

use super::nursery;
use crate::runtime::cgroup::{Cgroup, CgroupError};
use crate::state::Layout;
use crate::sys;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Pid, getpid};
use oci_spec::runtime::LinuxResources;
use std::ffi::CStr;
use std::fs;
use std::io;
use std::time::{Duration, Instant};

/// As unlikely to be killed for want of memory as can be without being exempt: what a container uses is
/// the container's, and without its supervisor nobody would restart it.
const OOM_SCORE_ADJUSTMENT: &str = "-999";

/// How often the supervisors' group is made before giving up: [`prune_group`] may come in between.
const JOIN_ATTEMPTS: u32 = 10;

/// How long the last process of the supervisors' group may take to end.
const LAST_BREATH: Duration = Duration::from_millis(500);
const LOOK_AGAIN: Duration = Duration::from_micros(500);

/// What process lists show.
const NAME: &CStr = c"lighter";

/// Why a supervisor could not leave its caller.
#[derive(Debug, thiserror::Error)]
pub(super) enum DetachError {
    #[error("cannot close inherited descriptors")]
    Close(#[source] io::Error),
    #[error("cannot leave the caller's control group")]
    Cgroup(#[from] CgroupError),
}

/// Leaves the caller's session, control group and descriptors.
///
/// A mount namespace of its own would only keep the host's mounts busy: nothing is mounted here.
pub(super) fn leave_caller(layout: &Layout) -> Result<(), DetachError> {
    sys::close_inherited().map_err(DetachError::Close)?;
    // Fails only for the leader of a process group, who has a session of its own already or soon.
    let _ = nix::unistd::setsid();
    // It was executed through a descriptor, whose number it would be called otherwise.
    let _ = nix::sys::prctl::set_name(NAME);
    // Not allowed without privileges, and not needed for anything but luck.
    let _ = fs::write("/proc/self/oom_score_adj", OOM_SCORE_ADJUSTMENT);
    Ok(join_supervisors(layout)?)
}

fn supervisors(layout: &Layout) -> Cgroup {
    Cgroup::at(format!("{}/supervisors", layout.instance()))
}

/// Removes the supervisors' control group where no supervisor is left.
///
/// One that has just told that it leaves, and a nursery whose command has just ended, are waited for:
/// nobody would come back to remove the group after them.
pub(crate) fn prune_group(layout: &Layout) {
    let group = supervisors(layout);
    let deadline = Instant::now() + LAST_BREATH;
    while is_ending(layout, &group) && Instant::now() < deadline {
        std::thread::sleep(LOOK_AGAIN);
    }
    // Without control groups there is nothing to remove, and starting a container says so better.
    let _ = group.prune();
}

/// Leaves the supervisors' group, and removes it where this was the last: for one whose container is gone,
/// so that no command comes to do it.
pub(super) fn leave_group(layout: &Layout) {
    // Where the root of all groups is another's, the next command removes the group.
    if Cgroup::at("").join().is_ok() {
        let _ = supervisors(layout).prune();
    }
}

/// Removes what is left of supervisors and nurseries that were killed.
pub(crate) fn prune_killed(layout: &Layout) {
    // A socket that nobody listens at is in nobody's way.
    let _ = nursery::forget_killed(layout);
    prune_group(layout);
}

/// Whether somebody is in the group, and everybody there has nothing more to do.
fn is_ending(layout: &Layout, group: &Cgroup) -> bool {
    let is_needed =
        || fs::read_dir(layout.run().join("containers")).is_ok_and(|mut all| all.next().is_some());
    let members = group.pids().unwrap_or_default();
    !members.is_empty() && !is_needed() && !members.into_iter().any(is_at_work)
}

/// This process itself, and a nursery whose command lives.
fn is_at_work(member: Pid) -> bool {
    let line = fs::read_to_string(format!("/proc/{member}/cmdline")).unwrap_or_default();
    let command = line.split('\0').nth(1).and_then(nursery::command_of);
    member == getpid() || command.is_some_and(|command| kill(command, None).is_ok())
}

/// The group exists while a supervisor of the installation does.
fn join_supervisors(layout: &Layout) -> Result<(), CgroupError> {
    let group = supervisors(layout);
    let mut joined = group.join();
    for _ in 0..JOIN_ATTEMPTS {
        if joined.is_ok() {
            break;
        }
        group.create(&LinuxResources::default())?;
        joined = group.join();
    }
    joined
}

/// Takes SIGTERM and SIGINT as a file instead of dying of them.
pub(super) fn take_signals() -> io::Result<SignalFd> {
    let mut caught = SigSet::empty();
    caught.add(Signal::SIGTERM);
    caught.add(Signal::SIGINT);
    caught.thread_block()?;
    Ok(SignalFd::with_flags(&caught, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}
