//! A change comes about: where it goes, and what is put there.

use super::{Change, Content, SyncError};
use crate::container::files::lookup::{Lookup, Owner};
use crate::container::files::place::{Manner, Metadata, Node, Place};
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use std::fs::File;
use std::io::{self, Seek as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A call that failed while a change was made.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) errno: Errno,
    /// Whether a path was being looked up below the target.
    is_lookup: bool,
}

impl From<Errno> for Step {
    fn from(errno: Errno) -> Self {
        Self { errno, is_lookup: false }
    }
}

impl From<io::Error> for Step {
    fn from(error: io::Error) -> Self {
        error.raw_os_error().map_or(Errno::EIO, Errno::from_raw).into()
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

/// Makes `change` below `root`. What lies in a folder that is not there is gone already.
pub(super) fn bring_into_line(root: BorrowedFd<'_>, change: &Change<'_>, owner: Owner) -> Result<(), Step> {
    match (find(root, change, owner), &change.content) {
        (Err(Step { errno: Errno::ENOENT | Errno::ENOTDIR, .. }), Content::Nothing) => Ok(()),
        (place, content) => Ok(write(&place?, content, owner)?),
    }
}

/// Finds where `change` goes. Folders on the way are made, unless nothing is to be there.
fn find(root: BorrowedFd<'_>, change: &Change<'_>, owner: Owner) -> Result<Place, Step> {
    let is_removal = matches!(change.content, Content::Nothing);
    let folder = |lookup: Lookup, base: BorrowedFd<'_>, path: &Path| match is_removal {
        true => lookup.folder(base, path),
        false => lookup.made_folder(base, path, Some(owner)),
    };
    let (base, path) = match change.path.file_name() {
        Some(_) => (folder(Lookup::Root, root, change.target)?, change.path),
        None => {
            let parent = change.target.parent().unwrap_or(Path::new("/"));
            (folder(Lookup::Root, root, parent)?, change.target)
        }
    };
    let name = path.file_name().ok_or(Errno::EISDIR)?.to_owned();
    let parent = change.path.parent().unwrap_or(Path::new(""));
    let below = folder(Lookup::Below, base.as_fd(), parent);
    Ok(Place { folder: below.map_err(|errno| Step { errno, is_lookup: true })?, name })
}

fn write(place: &Place, content: &Content<'_>, owner: Owner) -> io::Result<()> {
    let metadata = |mode, modified| Metadata { owner, mode, xattrs: &[], modified };
    match *content {
        Content::File { bytes, mode, modified } => {
            let time = TimeSpec::from(modified.duration_since(UNIX_EPOCH).unwrap_or_default());
            let node = Node::File(&mut |to| copy(bytes, to));
            place.put(node, &metadata(mode, Some(time)), Manner::Mirror)
        }
        Content::Link(text) => place.put(Node::Link(text), &metadata(0, None), Manner::Mirror),
        Content::Folder { mode } => place.put_folder(&metadata(mode, None), Manner::Mirror),
        Content::Nothing => place.clear(),
    }
}

/// `copy_file_range(2)` where both sides can, else through memory.
fn copy(mut from: &File, to: &mut File) -> io::Result<()> {
    from.rewind()?;
    io::copy(&mut from, to).map(drop)
}

/// The nearest folder of `path` that is there.
pub(super) fn nearest(root: BorrowedFd<'_>, path: &Path) -> nix::Result<OwnedFd> {
    let mut path: PathBuf = path.to_owned();
    loop {
        match Lookup::Root.folder(root, &path) {
            Err(Errno::ENOENT | Errno::ENOTDIR) if path.pop() => {}
            opened => return opened,
        }
    }
}
