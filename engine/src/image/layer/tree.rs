//! Looking at a tree without following anything in it.

use super::commit::is_kept;
use crate::sys::{self, Carrier};
use nix::dir::Dir;
use nix::fcntl::{AtFlags, readlinkat};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

pub(crate) use super::root::open_folder;

/// The names in a folder in byte order.
pub(crate) fn list(folder: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::from_fd(folder.try_clone()?)?.iter() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(name.to_vec());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The extended attributes of an open file or folder that travel in archives.
pub(crate) fn attributes(file: &impl AsFd) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let carrier = Carrier::File(file.as_fd());
    let mut kept = Vec::new();
    for name in sys::xattr_names(carrier)? {
        if is_kept(name.to_bytes()) {
            kept.push((name.to_bytes().to_vec(), sys::xattr(carrier, &name)?));
        }
    }
    kept.sort();
    Ok(kept)
}

/// The text of a link that was opened with `O_PATH` and `O_NOFOLLOW`.
pub(crate) fn readlink(link: &OwnedFd) -> io::Result<Vec<u8>> {
    Ok(readlinkat(link, c"")?.into_vec())
}

/// What has this name in `folder`, itself and not what it may lead to.
pub(crate) fn stat(folder: &OwnedFd, name: &[u8]) -> io::Result<Option<nix::sys::stat::FileStat>> {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(name);
    match nix::sys::stat::fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(nix::errno::Errno::ENOENT | nix::errno::Errno::ENOTDIR) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}
