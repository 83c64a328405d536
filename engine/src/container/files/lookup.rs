//! How a path of a container is looked up, and the folders on its way that may be missing.
//!
//! The container is hostile: the kernel resolves each path, and keeps it where it belongs (openat2(2)).

use crate::runtime::rootfs::open_within;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, ResolveFlag};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{Gid, Uid, fchownat};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// What a path may do on its way.
#[derive(Debug, Clone, Copy)]
pub(in crate::container) enum Lookup {
    /// Absolute and through links, as in a process whose root this is.
    Root,
    /// Down only; a link that leaves the folder is refused.
    Below,
}

/// To whom files belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::container) struct Owner {
    pub(in crate::container) uid: u32,
    pub(in crate::container) gid: u32,
}

/// A folder that is only a place to look from.
const FOLDER: OFlag = OFlag::O_PATH.union(OFlag::O_DIRECTORY);

impl Lookup {
    /// Opens what is at `path`; the empty path is `folder` itself.
    pub(in crate::container) fn open(
        self,
        folder: BorrowedFd<'_>,
        path: &Path,
        flags: OFlag,
    ) -> nix::Result<OwnedFd> {
        let limit = match self {
            Self::Root => ResolveFlag::RESOLVE_IN_ROOT,
            Self::Below => ResolveFlag::RESOLVE_BENEATH,
        };
        // openat2 calls the folder itself by its dot.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        open_within(folder, path, flags, limit)
    }

    /// Opens the folder at `path`.
    pub(in crate::container) fn folder(self, folder: BorrowedFd<'_>, path: &Path) -> nix::Result<OwnedFd> {
        self.open(folder, path, FOLDER)
    }

    /// Opens the folder at `path` and makes what is missing of it; `None` leaves that to the caller's user.
    pub(in crate::container) fn made_folder(
        self,
        folder: BorrowedFd<'_>,
        path: &Path,
        owner: Option<Owner>,
    ) -> nix::Result<OwnedFd> {
        let opened = self.folder(folder, path);
        let (Err(Errno::ENOENT), Some(parent), Some(name)) = (&opened, path.parent(), path.file_name())
        else {
            return opened;
        };
        let parent = self.made_folder(folder, parent, owner)?;
        match mkdirat(&parent, name, Mode::from_bits_truncate(0o755)) {
            Ok(()) => owner.map_or(Ok(()), |owner| owner.take(parent.as_fd(), Path::new(name)))?,
            // A link to nowhere, or somebody was faster.
            Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
        self.folder(folder, path)
    }
}

impl Owner {
    /// Becomes the owner of what is at `name`; never of what a link points to.
    pub(in crate::container) fn take(self, folder: BorrowedFd<'_>, name: &Path) -> nix::Result<()> {
        let (uid, gid) = (Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid)));
        fchownat(folder, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW)
    }
}
