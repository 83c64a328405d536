//! The files of a container at rest: its root file system with its volumes and bind mounts on top, in a
//! mount namespace of the calling thread.

use crate::runtime::rootfs::Root;
use crate::state::Layout;
use crate::state::container::ContainerRecord;
use crate::sys::mount::{Depth, attach, clone_tree};
use crate::volume;
use engine_spec::MountSource;
use nix::fcntl::{AT_FDCWD, OFlag};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, mkdirat};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Moves this thread into a mount namespace of its own and makes `root` whole there.
pub(super) fn apart(layout: &Layout, record: &ContainerRecord, root: &Root) -> io::Result<()> {
    unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS)?;
    let none = None::<&str>;
    // What is mounted here must not be seen elsewhere.
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    root.attach()?;
    for (source, target) in sources(layout, record) {
        let tree = clone_tree(AT_FDCWD, &source, Depth::Tree)?;
        attach(tree, target_of(root, &target, source.is_dir())?)?;
    }
    Ok(())
}

/// What is mounted where, in the order of the targets, so that nothing is covered by its parent.
fn sources(layout: &Layout, record: &ContainerRecord) -> Vec<(PathBuf, PathBuf)> {
    let volumes = record.volumes.iter().map(|(target, name)| (volume::data(layout, name), target.into()));
    let binds = record.spec.mounts.iter().filter_map(|mount| match &mount.source {
        MountSource::Bind { path, .. } if path.exists() => Some((path.clone(), mount.target.clone())),
        _ => None,
    });
    let mut sources: Vec<(PathBuf, PathBuf)> = volumes.chain(binds).collect();
    sources.sort_by(|(_, left), (_, right)| left.cmp(right));
    sources
}

/// Opens a mount point; the first start would make one that is missing.
fn target_of(root: &Root, target: &Path, is_folder: bool) -> io::Result<OwnedFd> {
    let open = || root.open(target, OFlag::O_PATH);
    if let Ok(found) = open() {
        return Ok(found);
    }
    let mut made = PathBuf::from("/");
    let folders = if is_folder { target } else { target.parent().unwrap_or(Path::new("/")) };
    for part in folders.components().filter(|part| matches!(part, std::path::Component::Normal(_))) {
        let parent = root.open(&made, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
        match mkdirat(&parent, part.as_os_str(), Mode::from_bits_truncate(0o755)) {
            Ok(()) | Err(nix::errno::Errno::EEXIST) => made.push(part),
            Err(errno) => return Err(errno.into()),
        }
    }
    if !is_folder && let Some(name) = target.file_name() {
        let parent = root.open(&made, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
        let flags = OFlag::O_CREAT | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        nix::fcntl::openat(&parent, name, flags, Mode::from_bits_truncate(0o644))?;
    }
    Ok(open()?)
}
