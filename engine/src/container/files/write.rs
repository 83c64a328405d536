//! Entries become files below an open folder, and never anywhere else.

use super::walk::Sink;
use crate::image::layer::{Entry, EntryKind, Time};
use crate::sys::{Carrier, set_xattr};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::{Mode, SFlag, UtimensatFlags, fstatat, futimens, makedev, mkdirat, mknodat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, linkat, symlinkat, unlinkat};
use std::ffi::{CString, OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, fchown};
use std::path::{Component, Path, PathBuf};

/// Who owns what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::container) enum Owner {
    /// Whom the entry names.
    Recorded,
    /// This user and group.
    Fixed(u32, u32),
}

/// Writes entries below a folder.
#[derive(Debug)]
pub(in crate::container) struct TreeWriter {
    folder: OwnedFd,
    owner: Owner,
    /// Every file made in a folder changes its time, so these are set last.
    folder_times: Vec<(PathBuf, Time)>,
}

impl TreeWriter {
    pub(in crate::container) fn new(folder: OwnedFd, owner: Owner) -> Self {
        Self { folder, owner, folder_times: Vec::new() }
    }

    /// Gives folders their times.
    pub(in crate::container) fn finish(self) -> io::Result<()> {
        for (path, time) in self.folder_times.iter().rev() {
            // One that something else replaced since has no times to set.
            if let Ok(folder) = self.open_folder(path) {
                let time = timespec(*time);
                futimens(&folder, &time, &time)?;
            }
        }
        Ok(())
    }

    /// Links are followed below the folder only.
    fn open_folder(&self, path: &Path) -> nix::Result<OwnedFd> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        openat2(&self.folder, path, OpenHow::new().flags(flags).resolve(resolve))
    }

    /// The folder that an entry lies in; archives may leave folders out.
    fn parent(&self, path: &Path) -> io::Result<OwnedFd> {
        match self.open_folder(path) {
            Err(Errno::ENOENT) => {}
            opened => return Ok(opened?),
        }
        let above = self.parent(path.parent().unwrap_or(Path::new("")))?;
        match mkdirat(&above, name(path)?, Mode::from_bits_truncate(0o755)) {
            Ok(()) | Err(Errno::EEXIST) => Ok(self.open_folder(path)?),
            Err(errno) => Err(errno.into()),
        }
    }

    fn make(&self, folder: &OwnedFd, name: &OsStr, entry: &Entry, data: &mut dyn Read) -> io::Result<()> {
        let is_folder = matches!(entry.kind, EntryKind::Directory);
        match kind_of(folder, name)? {
            Some(SFlag::S_IFDIR) if is_folder => {}
            Some(SFlag::S_IFDIR) => return Err(other("cannot overwrite a folder with what is none")),
            Some(_) if is_folder => return Err(other("cannot overwrite what is no folder with a folder")),
            Some(_) => unlinkat(folder, name, UnlinkatFlags::NoRemoveDir)?,
            None if is_folder => mkdirat(folder, name, Mode::S_IRWXU)?,
            None => {}
        }
        match &entry.kind {
            EntryKind::File(_) => return self.file(folder, name, entry, data),
            EntryKind::Directory => {
                let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
                return self.set_metadata(&openat(folder, name, flags, Mode::empty())?.into(), entry);
            }
            EntryKind::HardLink(target) => return self.hard_link(folder, name, target),
            EntryKind::Symlink(target) => symlinkat(OsStr::from_bytes(target), folder, name)?,
            EntryKind::Fifo => node(folder, name, SFlag::S_IFIFO, 0)?,
            EntryKind::CharacterDevice(major, minor) => {
                node(folder, name, SFlag::S_IFCHR, makedev((*major).into(), (*minor).into()))?;
            }
            EntryKind::BlockDevice(major, minor) => {
                node(folder, name, SFlag::S_IFBLK, makedev((*major).into(), (*minor).into()))?;
            }
        }
        self.set_metadata_by_name(folder, name, entry)
    }

    fn file(&self, folder: &OwnedFd, name: &OsStr, entry: &Entry, data: &mut dyn Read) -> io::Result<()> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut file = File::from(openat(folder, name, flags, Mode::S_IRUSR)?);
        io::copy(data, &mut file)?;
        self.set_metadata(&file, entry)?;
        let time = timespec(entry.modified);
        Ok(futimens(&file, &time, &time)?)
    }

    fn hard_link(&self, folder: &OwnedFd, link: &OsStr, target: &[u8]) -> io::Result<()> {
        let target = inner(target)?;
        let from = self.open_folder(target.parent().unwrap_or(Path::new("")))?;
        // Without AT_SYMLINK_FOLLOW a link to a symbolic link is one to the link itself.
        Ok(linkat(&from, name(&target)?, folder, link, AtFlags::empty())?)
    }

    /// Owner, attributes, mode: in this order, as a change of owner takes capabilities and set-id bits.
    fn set_metadata(&self, file: &File, entry: &Entry) -> io::Result<()> {
        let (uid, gid) = self.owner_of(entry)?;
        fchown(file, Some(uid), Some(gid))?;
        for (name, value) in &entry.xattrs {
            match set_xattr(Carrier::File(file.as_fd()), &CString::new(name.as_slice())?, value) {
                // A file system without them, or a user's own that root may not set.
                Ok(()) | Err(Errno::EOPNOTSUPP | Errno::EPERM) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        file.set_permissions(Permissions::from_mode(entry.mode))
    }

    /// The same for what cannot be opened, and its times too.
    fn set_metadata_by_name(&self, folder: &OwnedFd, name: &OsStr, entry: &Entry) -> io::Result<()> {
        let (uid, gid) = self.owner_of(entry)?;
        let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        fchownat(folder, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        if !matches!(entry.kind, EntryKind::Symlink(_)) {
            let mode = Mode::from_bits_truncate(entry.mode);
            nix::sys::stat::fchmodat(folder, name, mode, nix::sys::stat::FchmodatFlags::FollowSymlink)?;
        }
        let time = timespec(entry.modified);
        Ok(utimensat(folder, name, &time, &time, UtimensatFlags::NoFollowSymlink)?)
    }

    fn owner_of(&self, entry: &Entry) -> io::Result<(u32, u32)> {
        match self.owner {
            Owner::Fixed(uid, gid) => Ok((uid, gid)),
            Owner::Recorded => {
                // 2^32 - 1 means "unchanged" to chown(2).
                let id = |id: u64| u32::try_from(id).ok().filter(|id| *id != u32::MAX);
                id(entry.uid).zip(id(entry.gid)).ok_or_else(|| other("its owner is no valid id"))
            }
        }
    }
}

impl Sink for TreeWriter {
    fn append(&mut self, entry: &Entry, data: &mut dyn Read) -> io::Result<()> {
        let path = inner(&entry.path)?;
        if entry.kind == EntryKind::Directory {
            self.folder_times.push((path.clone(), entry.modified));
        }
        if path.as_os_str().is_empty() {
            return self.set_metadata(&self.open_folder(&path)?.into(), entry);
        }
        let folder = self.parent(path.parent().unwrap_or(Path::new("")))?;
        self.make(&folder, name(&path)?, entry, data)
    }
}

/// A path without dots; one that climbs is refused.
fn inner(bytes: &[u8]) -> io::Result<PathBuf> {
    let path = PathBuf::from(OsString::from_vec(bytes.to_vec()));
    let mut inner = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => inner.push(part),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(other("its path has a `..` in it")),
        }
    }
    Ok(inner)
}

fn name(path: &Path) -> io::Result<&OsStr> {
    path.file_name().ok_or_else(|| other("it has no name"))
}

fn kind_of(folder: &OwnedFd, name: &OsStr) -> io::Result<Option<SFlag>> {
    match fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()))),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn node(folder: &OwnedFd, name: &OsStr, kind: SFlag, device: u64) -> io::Result<()> {
    Ok(mknodat(folder, name, kind, Mode::S_IRUSR | Mode::S_IWUSR, device)?)
}

fn timespec(time: Time) -> TimeSpec {
    TimeSpec::new(time.seconds, time.nanoseconds.into())
}

fn other(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}
