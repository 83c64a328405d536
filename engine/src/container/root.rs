//! A container's root file system: what it is mounted from, and how a running one's is reached.

use super::folder::Folder;
use crate::runtime::rootfs::{Durability, Overlay, Root};
use crate::state::Layout;
use crate::state::container::ContainerRecord;
use crate::state::process::ProcessRef;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use std::io;

/// The overlay that it is, for its supervisor to mount, and for who looks into it while it rests.
pub(crate) fn overlay(layout: &Layout, record: &ContainerRecord) -> Overlay {
    let folder = Folder::of(layout, &record.id);
    Overlay {
        layers: record.layers.iter().rev().map(|layer| layout.layer(layer)).collect(),
        upper: folder.upper(),
        work: folder.work(),
        durability: Durability::Honoured,
    }
}

/// The same as the container's first process sees it, with all that is mounted below.
///
/// # Errors
/// `NotFound` where the process has ended, else what the kernel says.
pub(super) fn of_process(init: ProcessRef) -> io::Result<Root> {
    let path = format!("/proc/{}/root", init.pid());
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let folder = open(path.as_str(), flags, Mode::empty())?;
    // Only now: before, the number could have become another process's.
    if init.is_alive() {
        Ok(Root::from_mount(folder, path.into()))
    } else {
        Err(io::Error::new(io::ErrorKind::NotFound, "the container has ended"))
    }
}
