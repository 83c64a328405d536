//! Paths below the container's root: found or made without ever leaving it.

use crate::runtime::rootfs::open_inside;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::{Mode, mkdirat};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

/// What to make where there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File,
}

/// Symbolic links followed at most, as the kernel does (path_resolution(7)).
const LINKS_MAX: u32 = 40;

/// Opens the place `path` below `root` (`O_PATH`), with everything on the way made where it is missing.
pub(super) fn ensure(root: BorrowedFd<'_>, path: &Path, kind: Kind) -> nix::Result<OwnedFd> {
    ensure_following(root, path, kind, LINKS_MAX)
}

fn ensure_following(root: BorrowedFd<'_>, path: &Path, kind: Kind, links: u32) -> nix::Result<OwnedFd> {
    match open_inside(root, path, OFlag::O_PATH) {
        Err(Errno::ENOENT) => {}
        opened => return opened,
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(Errno::ENOENT) };
    let folder = ensure_following(root, parent, Kind::Folder, links)?;
    let made = match kind {
        Kind::Folder => mkdirat(&folder, name, Mode::from_bits_truncate(0o755)),
        Kind::File => {
            let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            openat(&folder, name, flags, Mode::from_bits_truncate(0o755)).map(drop)
        }
    };
    match made {
        // A link that leads nowhere, such as /etc/resolv.conf to /run/systemd/…: what it names is made.
        Err(Errno::EEXIST) if links > 0 => {
            let target = parent.join(readlinkat(&folder, name)?);
            ensure_following(root, &target, kind, links - 1)
        }
        made => made.and_then(|()| open_inside(root, path, OFlag::O_PATH)),
    }
}
