//! Idmapped mounts (mount_setattr(2)): a mount that shows other owners than there are on disk, as the
//! ranges of a user namespace say.

use super::namespace::InsideError;
use crate::sys::process::{Child, clone3};
use crate::sys::{pidfd_send_signal, process};
use nix::sched::CloneFlags;
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use oci_spec::runtime::{LinuxIdMapping, Mount};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Ranges of ids as `/proc/<pid>/uid_map` and `gid_map` take them (user_namespaces(7)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owners {
    users: String,
    groups: String,
}

impl Owners {
    /// What a mount asks for; `None` without ranges for both.
    pub(super) fn of(mount: &Mount) -> Option<Self> {
        let users = ranges(mount.uid_mappings().as_ref()?);
        Some(Self { users, groups: ranges(mount.gid_mappings().as_ref()?) })
    }

    /// A user namespace with these ranges, which nobody is in. The caller has one thread only.
    pub(super) fn namespace(&self) -> Result<OwnedFd, InsideError> {
        let flags = CloneFlags::CLONE_NEWUSER.bits();
        let (child, ()) = clone3(flags, None, (), process::wait_to_be_killed).map_err(InsideError::Clone)?;
        let opened = self.write(&child);
        // It does nothing else than to be in the namespace, and nobody waits for it but us.
        let _ = pidfd_send_signal(child.pidfd.as_fd(), Signal::SIGKILL as i32);
        let _ = waitid(Id::PIDFd(child.pidfd.as_fd()), WaitPidFlag::WEXITED);
        opened.map_err(|error| InsideError::Task(format!("cannot map owners: {error}")))
    }

    fn write(&self, child: &Child) -> io::Result<OwnedFd> {
        let file = |name: &str| format!("/proc/{}/{name}", child.pid);
        fs::write(file("uid_map"), &self.users)?;
        fs::write(file("gid_map"), &self.groups)?;
        Ok(File::open(file("ns/user"))?.into())
    }
}

fn ranges(mappings: &[LinuxIdMapping]) -> String {
    let mut text = String::new();
    for range in mappings {
        let (inside, outside, size) = (range.container_id(), range.host_id(), range.size());
        writeln!(text, "{inside} {outside} {size}").expect("writing to a String cannot fail");
    }
    text
}
