//! Where a change goes: an open folder of the container and a name in it.

use super::entrance::Owner;
use super::{Change, SyncError};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{Gid, Uid, fchownat};
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A name in an open folder.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: OwnedFd,
    pub(super) name: OsString,
}

/// A call that failed while a change was made.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) errno: Errno,
    /// Whether a path was being looked up below the target.
    pub(super) is_lookup: bool,
}

impl From<Errno> for Step {
    fn from(errno: Errno) -> Self {
        Self { errno, is_lookup: false }
    }
}

impl Step {
    /// The error in terms of the change.
    pub(super) fn explain(self, change: &Change<'_>) -> SyncError {
        let path = change.whole();
        match self.errno {
            // EXDEV is how openat2 says that a path would leave its folder, ELOOP that links go in circles.
            Errno::EXDEV | Errno::ELOOP if self.is_lookup => {
                SyncError::Outside { target: change.target.to_owned(), path }
            }
            Errno::EROFS => SyncError::ReadOnly { path },
            errno => SyncError::Write { path, source: errno.into() },
        }
    }
}

/// What a path may do on its way.
#[derive(Debug, Clone, Copy)]
enum Reach {
    /// Absolute and through links, as in a process whose root this is.
    Root,
    /// Down only.
    Below,
}

impl Reach {
    fn open(self, folder: BorrowedFd<'_>, path: &Path, flags: OFlag) -> nix::Result<OwnedFd> {
        let limit = match self {
            Self::Root => ResolveFlag::RESOLVE_IN_ROOT,
            Self::Below => ResolveFlag::RESOLVE_BENEATH,
        };
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .resolve(limit | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        // The empty path is the folder itself, which openat2 calls by its dot.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        loop {
            match openat2(folder, path, how) {
                // Something was renamed meanwhile, openat2(2).
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                opened => return opened,
            }
        }
    }

    /// Opens the folder at `path` and makes what is missing of it.
    fn make(self, folder: BorrowedFd<'_>, path: &Path, owner: Owner) -> nix::Result<OwnedFd> {
        let opened = self.open(folder, path, OFlag::O_PATH | OFlag::O_DIRECTORY);
        let (Err(Errno::ENOENT), Some(parent), Some(name)) = (&opened, path.parent(), path.file_name())
        else {
            return opened;
        };
        let parent = self.make(folder, parent, owner)?;
        match mkdirat(&parent, name, Mode::from_bits_truncate(0o755)) {
            Ok(()) => own(parent.as_fd(), Path::new(name), owner)?,
            // A link to nowhere, or somebody was faster.
            Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
        self.open(folder, path, OFlag::O_PATH | OFlag::O_DIRECTORY)
    }
}

/// Finds where `change` goes. Folders on the way are made, unless nothing is to be there.
pub(super) fn find(root: BorrowedFd<'_>, change: &Change<'_>, owner: Owner) -> Result<Place, Step> {
    let is_removal = matches!(change.content, super::Content::Nothing);
    let folder = |reach: Reach, base: BorrowedFd<'_>, path: &Path| match is_removal {
        true => reach.open(base, path, OFlag::O_PATH | OFlag::O_DIRECTORY),
        false => reach.make(base, path, owner),
    };
    let (base, path) = match change.path.file_name() {
        Some(_) => (folder(Reach::Root, root, change.target)?, change.path),
        None => {
            let parent = change.target.parent().unwrap_or(Path::new("/"));
            (folder(Reach::Root, root, parent)?, change.target)
        }
    };
    let name = path.file_name().ok_or(Errno::EISDIR)?.to_owned();
    let parent = if change.path.as_os_str().is_empty() { Path::new("") } else { parent(path) };
    let below = folder(Reach::Below, base.as_fd(), parent);
    Ok(Place { folder: below.map_err(|errno| Step { errno, is_lookup: true })?, name })
}

/// The nearest folder of `path` that is there.
pub(super) fn nearest(root: BorrowedFd<'_>, path: &Path) -> nix::Result<OwnedFd> {
    let mut path: PathBuf = path.to_owned();
    loop {
        let opened = Reach::Root.open(root, &path, OFlag::O_PATH | OFlag::O_DIRECTORY);
        match opened {
            Err(Errno::ENOENT | Errno::ENOTDIR) if path.pop() => {}
            opened => return opened,
        }
    }
}

/// Gives a new file or folder to the service's user; never what a link points to.
pub(super) fn own(folder: BorrowedFd<'_>, name: &Path, owner: Owner) -> nix::Result<()> {
    let (uid, gid) = (Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)));
    fchownat(folder, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW)
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}
