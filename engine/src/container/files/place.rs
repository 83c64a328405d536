//! A name in an open folder, and what is put there: the one way in which files are written into containers.
//!
//! Whatever is no folder is made beside its place, under a name that nobody else has, gets its owner, its
//! attributes, mode and time, and is renamed: who looks sees the old or the new, never a half.
//!
//! Mount points stay. Seen from outside of the container's mount namespace they are in nobody's way: to
//! rename a file over one, or to remove it, would unmount what is there (Linux 3.18, `detach_mounts`).

use super::lookup::Owner;
use crate::image::layer::tree::{list, open_folder};
use crate::runtime::rootfs::open_within;
use crate::sys::{Carrier, set_xattr};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, ResolveFlag, openat, renameat};
use nix::sys::stat::{
    FchmodatFlags, Mode, SFlag, UtimensatFlags, fchmod, fchmodat, fstatat, futimens, mkdirat, mknodat,
    utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, linkat, symlinkat, unlinkat};
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// A name in an open folder.
#[derive(Debug)]
pub(in crate::container) struct Place {
    pub(in crate::container) folder: OwnedFd,
    pub(in crate::container) name: OsString,
}

/// What is said of a file, beside what it is.
#[derive(Debug)]
pub(in crate::container) struct Metadata<'a> {
    pub(in crate::container) owner: Owner,
    /// Permission bits; a link has none.
    pub(in crate::container) mode: u32,
    pub(in crate::container) xattrs: &'a [(Vec<u8>, Vec<u8>)],
    /// When it was last modified; `None` for now.
    pub(in crate::container) modified: Option<TimeSpec>,
}

/// What is to be at a place, if it is no folder.
pub(in crate::container) enum Node<'a> {
    /// A file with what this writes into it.
    File(&'a mut dyn FnMut(&mut File) -> io::Result<()>),
    /// A symbolic link with this text.
    Link(&'a Path),
    /// Another name of the file at this place, with its metadata.
    HardLink(&'a Place),
    /// A pipe, or a device by its number.
    Special(SFlag, u64),
}

/// How what is there already is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::container) enum Manner {
    /// As when an archive is unpacked: a folder that is there becomes as the new one, and a folder and
    /// what is none do not replace each other.
    Unpack,
    /// As when a tree is mirrored: everything gives way, and a folder that is there keeps its owner.
    Mirror,
}

impl Place {
    /// Makes `node` be here.
    pub(in crate::container) fn put(
        &self,
        node: Node<'_>,
        metadata: &Metadata<'_>,
        manner: Manner,
    ) -> io::Result<()> {
        if manner == Manner::Unpack && self.kind()? == Some(SFlag::S_IFDIR) {
            return Err(refused("cannot overwrite a folder with what is none"));
        }
        match node {
            node if !is_mount_point(&self.folder, &self.name)? => Draft::new(self).fill(node, metadata),
            // It keeps its place, so only what is in it can change.
            Node::File(write) => self.overwrite(write),
            Node::Link(_) | Node::HardLink(_) | Node::Special(..) => Err(Errno::EBUSY.into()),
        }
    }

    /// Makes a folder be here; what is in one that is here stays.
    pub(in crate::container) fn put_folder(&self, metadata: &Metadata<'_>, manner: Manner) -> io::Result<()> {
        let name = self.name.as_os_str();
        let is_new = match (self.kind()?, manner) {
            (Some(SFlag::S_IFDIR), _) => false,
            (Some(_), Manner::Unpack) => {
                return Err(refused("cannot overwrite what is no folder with a folder"));
            }
            (Some(_), Manner::Mirror) => {
                remove(&self.folder, name)?;
                true
            }
            (None, _) => true,
        };
        if is_new {
            mkdirat(&self.folder, name, Mode::S_IRWXU)?;
        }
        let folder = File::from(open_folder(&self.folder, name.as_bytes())?);
        let owner = (is_new || manner == Manner::Unpack).then_some(metadata.owner);
        metadata.give(&folder, owner)
    }

    /// Removes what is here, with all below it; links are removed, not followed.
    pub(in crate::container) fn clear(&self) -> io::Result<()> {
        match remove(&self.folder, &self.name) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// What sort of file is here.
    fn kind(&self) -> nix::Result<Option<SFlag>> {
        match fstatat(&self.folder, self.name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()))),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Writes into the file that is here. Readers may see a part of it.
    fn overwrite(&self, write: &mut dyn FnMut(&mut File) -> io::Result<()>) -> io::Result<()> {
        let flags = OFlag::O_WRONLY | OFlag::O_TRUNC | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        write(&mut openat(&self.folder, self.name.as_os_str(), flags, Mode::empty())?.into())
    }
}

impl Metadata<'_> {
    /// To an open file or folder. In this order: a change of owner takes capabilities and set-id bits
    /// (chown(2)).
    pub(in crate::container) fn give(&self, file: &File, owner: Option<Owner>) -> io::Result<()> {
        if let Some(owner) = owner {
            fchown(file, Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)))?;
        }
        for (name, value) in self.xattrs {
            match set_xattr(Carrier::File(file.as_fd()), &CString::new(name.as_slice())?, value) {
                // A file system without them, or a user's own that root may not set.
                Ok(()) | Err(Errno::EOPNOTSUPP | Errno::EPERM) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        fchmod(file, permissions(self.mode))?;
        Ok(self.modified.map_or(Ok(()), |time| futimens(file, &time, &time))?)
    }

    /// To what cannot be opened; links have no mode of their own.
    fn give_by_name(&self, folder: &OwnedFd, name: &OsStr, is_link: bool) -> nix::Result<()> {
        self.owner.take(folder.as_fd(), Path::new(name))?;
        if !is_link {
            fchmodat(folder, name, permissions(self.mode), FchmodatFlags::FollowSymlink)?;
        }
        let set = |time| utimensat(folder, name, &time, &time, UtimensatFlags::NoFollowSymlink);
        self.modified.map_or(Ok(()), set)
    }
}

/// Tells the drafts of one process apart.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A name that nobody else has, until it gets the right one. What never got it is removed.
struct Draft<'a> {
    place: &'a Place,
    name: OsString,
}

impl<'a> Draft<'a> {
    fn new(place: &'a Place) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { place, name: format!(".lighter-{}-{number}", std::process::id()).into() }
    }

    /// Makes the node, and gives it its name.
    fn fill(self, node: Node<'_>, metadata: &Metadata<'_>) -> io::Result<()> {
        let (folder, name) = (&self.place.folder, self.name.as_os_str());
        match node {
            Node::File(write) => {
                let flags =
                    OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
                let mut file = File::from(openat(folder, name, flags, Mode::empty())?);
                write(&mut file)?;
                metadata.give(&file, Some(metadata.owner))?;
            }
            // Without AT_SYMLINK_FOLLOW a link to a symbolic link is one to the link itself.
            Node::HardLink(to) => linkat(&to.folder, to.name.as_os_str(), folder, name, AtFlags::empty())?,
            Node::Link(text) => {
                symlinkat(text, folder, name)?;
                metadata.give_by_name(folder, name, true)?;
            }
            Node::Special(kind, device) => {
                mknodat(folder, name, kind, Mode::empty(), device)?;
                metadata.give_by_name(folder, name, false)?;
            }
        }
        Ok(self.publish()?)
    }

    fn publish(&self) -> nix::Result<()> {
        let (folder, name) = (&self.place.folder, self.place.name.as_os_str());
        let rename = || renameat(folder, self.name.as_os_str(), folder, name);
        match rename() {
            // A folder is in the way.
            Err(Errno::EISDIR | Errno::ENOTEMPTY | Errno::EEXIST) => {
                remove(folder, name)?;
                rename()
            }
            renamed => renamed,
        }
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // After a rename there is nothing of that name, but for two names of one file, rename(2).
        let _ = unlinkat(&self.place.folder, self.name.as_os_str(), UnlinkatFlags::NoRemoveDir);
    }
}

fn remove(folder: &OwnedFd, name: &OsStr) -> nix::Result<()> {
    if is_mount_point(folder, name)? {
        return Err(Errno::EBUSY);
    }
    match unlinkat(folder, name, UnlinkatFlags::NoRemoveDir) {
        Err(Errno::EISDIR) => {}
        removed => return removed,
    }
    let inner = open_folder(folder, name.as_bytes()).map_err(errno)?;
    // All names first: a folder that changes while it is read may be read wrongly.
    for entry in list(&inner).map_err(errno)? {
        match remove(&inner, OsStr::from_bytes(&entry)) {
            Ok(()) | Err(Errno::ENOENT) => {}
            failed => return failed,
        }
    }
    unlinkat(folder, name, UnlinkatFlags::RemoveDir)
}

/// Whether something is mounted on what is at `name`.
fn is_mount_point(folder: &OwnedFd, name: &OsStr) -> nix::Result<bool> {
    let limit = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_XDEV;
    match open_within(folder.as_fd(), Path::new(name), OFlag::O_PATH | OFlag::O_NOFOLLOW, limit) {
        Ok(_) | Err(Errno::ENOENT) => Ok(false),
        Err(Errno::EXDEV) => Ok(true),
        Err(errno) => Err(errno),
    }
}

fn errno(error: io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

fn permissions(mode: u32) -> Mode {
    Mode::from_bits_truncate(mode & 0o7777)
}

fn refused(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}
