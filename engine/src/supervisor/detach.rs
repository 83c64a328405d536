//! What a supervisor does first: it leaves whoever called it.

use crate::runtime::cgroup::{Cgroup, CgroupError};
use crate::state::Layout;
use crate::sys;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use oci_spec::runtime::LinuxResources;
use std::fs;
use std::io;

/// As unlikely to be killed for want of memory as can be without being exempt: what a container uses is
/// the container's, and without its supervisor nobody would restart it.
const OOM_SCORE_ADJUSTMENT: &str = "-999";

/// Why a supervisor could not leave its caller.
#[derive(Debug, thiserror::Error)]
pub(super) enum DetachError {
    #[error("cannot close inherited descriptors")]
    Close(#[source] io::Error),
    #[error("cannot block signals")]
    Signals(#[source] io::Error),
    #[error("cannot leave the caller's control group")]
    Cgroup(#[from] CgroupError),
}

/// Leaves the caller's session, control group and descriptors; returns SIGTERM and SIGINT as a file.
///
/// A mount namespace of its own would only keep the host's mounts busy: nothing is mounted here.
pub(super) fn leave_caller(layout: &Layout) -> Result<SignalFd, DetachError> {
    sys::close_inherited().map_err(DetachError::Close)?;
    // Fails only for the leader of a process group, who has a session of its own already or soon.
    let _ = nix::unistd::setsid();
    // Not allowed without privileges, and not needed for anything but luck.
    let _ = fs::write("/proc/self/oom_score_adj", OOM_SCORE_ADJUSTMENT);
    join_supervisors(layout)?;
    take_signals().map_err(DetachError::Signals)
}

/// The group exists after the first supervisor of the installation.
fn join_supervisors(layout: &Layout) -> Result<(), CgroupError> {
    let group = Cgroup::at(format!("{}/supervisors", layout.instance()));
    group.join().or_else(|_| {
        group.create(&LinuxResources::default())?;
        group.join()
    })
}

/// Takes SIGTERM and SIGINT as a file instead of dying of them.
pub(super) fn take_signals() -> io::Result<SignalFd> {
    let mut caught = SigSet::empty();
    caught.add(Signal::SIGTERM);
    caught.add(Signal::SIGINT);
    caught.thread_block()?;
    Ok(SignalFd::with_flags(&caught, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}
