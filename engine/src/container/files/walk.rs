//! A file or a tree as a sequence of entries, whatever is written from them: an archive or another tree.
//!
//! The tree may change meanwhile by the doing of a hostile container. Nothing is opened by following a
//! link, and nothing but files is opened for reading: what is looked at first is what is read.

use crate::image::layer::tree::{attributes, list, open_folder, readlink};
use crate::image::layer::{Entry, EntryKind, Time};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{FileStat, SFlag, fstat, fstatat, major, minor};
use nix::sys::statfs::{self, FsType, fstatfs};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Each level holds one descriptor open, of the 1,024 that a process usually has.
const DEEPEST: usize = 400;

/// Takes entries.
pub(in crate::container) trait Sink {
    /// Takes one; a file's data are exactly as many bytes as its size says.
    fn append(&mut self, entry: &Entry, data: &mut dyn Read) -> io::Result<()>;
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::container) enum Reach {
    /// Into volumes and bind mounts, but not into what only looks like files (`/proc`).
    Everything,
    /// What is mounted is an empty folder or file.
    OneMount,
}

/// Something could not be read, or passed on.
#[derive(Debug)]
pub(in crate::container) struct WalkError {
    /// What, below where the walk began.
    pub(in crate::container) path: PathBuf,
    /// Why.
    pub(in crate::container) source: io::Error,
}

/// Passes on what is called `name` in `folder` and all below it, as `path`; an empty one is the root.
pub(in crate::container) fn walk(
    folder: &OwnedFd,
    name: &[u8],
    path: &[u8],
    reach: Reach,
    sink: &mut dyn Sink,
) -> Result<(), WalkError> {
    let mut walk = Walk { sink, reach, links: HashMap::new(), path: path.to_vec() };
    walk.named(folder, name, 0)
        .map_err(|source| WalkError { path: PathBuf::from(OsStr::from_bytes(&walk.path)), source })
}

struct Walk<'a> {
    sink: &'a mut dyn Sink,
    reach: Reach,
    /// The first path of each file that has several, by device and inode.
    links: HashMap<(u64, u64), Vec<u8>>,
    /// Of what is being looked at; stays where a failure was.
    path: Vec<u8>,
}

impl Walk<'_> {
    fn named(&mut self, folder: &OwnedFd, name: &[u8], depth: usize) -> io::Result<()> {
        let found = match self.open(folder, name) {
            // It went away since its folder was listed.
            Err(Errno::ENOENT) if depth > 0 => return Ok(()),
            Err(Errno::EXDEV) if self.reach == Reach::OneMount => return self.mount_point(folder, name),
            found => found?,
        };
        let stat = fstat(&found)?;
        match file_type(&stat) {
            SFlag::S_IFDIR => self.folder(folder, name, &stat, depth),
            SFlag::S_IFREG => self.file(&found, &stat),
            SFlag::S_IFSOCK => Ok(()), // Archives have none, and it means nothing without its process.
            kind => self.special(&found, &stat, kind),
        }
    }

    /// Without following or reading anything.
    fn open(&self, folder: &OwnedFd, name: &[u8]) -> nix::Result<OwnedFd> {
        let stay = match self.reach {
            Reach::Everything => ResolveFlag::empty(),
            Reach::OneMount => ResolveFlag::RESOLVE_NO_XDEV,
        };
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let name = if name.is_empty() { b"." } else { name };
        let how = OpenHow::new().flags(flags).resolve(stay | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        openat2(folder, OsStr::from_bytes(name), how)
    }

    fn folder(&mut self, parent: &OwnedFd, name: &[u8], stat: &FileStat, depth: usize) -> io::Result<()> {
        if depth > DEEPEST {
            return Err(Errno::ELOOP.into());
        }
        let name = if name.is_empty() { b"." } else { name };
        let folder = match open_folder(parent, name) {
            // As little as root may read it: a FUSE file system of a user's own.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
            folder => folder?,
        };
        let attributes = attributes(&folder)?;
        self.append(stat, EntryKind::Directory, attributes, &mut io::empty())?;
        if is_pseudo(&folder) {
            return Ok(());
        }
        for name in list(&folder)? {
            let length = self.path.len();
            if length > 0 && !self.path.ends_with(b"/") {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(&name);
            self.named(&folder, &name, depth + 1)?;
            self.path.truncate(length);
        }
        Ok(())
    }

    fn file(&mut self, found: &OwnedFd, stat: &FileStat) -> io::Result<()> {
        if let Some(link) = self.earlier_link(stat) {
            return self.append(stat, link, Vec::new(), &mut io::empty());
        }
        let mut file = File::open(format!("/proc/self/fd/{}", found.as_raw_fd()))?;
        let attributes = attributes(&file)?;
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        self.append(stat, EntryKind::File(size), attributes, &mut file)
    }

    fn special(&mut self, found: &OwnedFd, stat: &FileStat, kind: SFlag) -> io::Result<()> {
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let (major, minor) = (number(major(stat.st_rdev)), number(minor(stat.st_rdev)));
        let kind = match kind {
            SFlag::S_IFLNK => EntryKind::Symlink(readlink(found)?),
            SFlag::S_IFCHR => EntryKind::CharacterDevice(major, minor),
            SFlag::S_IFBLK => EntryKind::BlockDevice(major, minor),
            _ => EntryKind::Fifo,
        };
        self.append(stat, kind, Vec::new(), &mut io::empty())
    }

    /// What lies below a mount is not seen from outside, but what it must be is.
    fn mount_point(&mut self, folder: &OwnedFd, name: &[u8]) -> io::Result<()> {
        let stat = fstatat(folder, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW)?;
        let kind = match file_type(&stat) {
            SFlag::S_IFDIR => EntryKind::Directory,
            _ => EntryKind::File(0),
        };
        self.append(&stat, kind, Vec::new(), &mut io::empty())
    }

    /// The hard link that a file becomes if one of its names was passed on already.
    fn earlier_link(&mut self, stat: &FileStat) -> Option<EntryKind> {
        if stat.st_nlink < 2 {
            return None;
        }
        let inode = (stat.st_dev, stat.st_ino);
        if let Some(first) = self.links.get(&inode) {
            return Some(EntryKind::HardLink(first.clone()));
        }
        self.links.insert(inode, self.path.clone());
        None
    }

    fn append(
        &mut self,
        stat: &FileStat,
        kind: EntryKind,
        xattrs: Vec<(Vec<u8>, Vec<u8>)>,
        data: &mut dyn Read,
    ) -> io::Result<()> {
        let mut path = self.path.clone();
        if kind == EntryKind::Directory && !path.ends_with(b"/") {
            path.extend_from_slice(if path.is_empty() { b"./" } else { b"/" });
        }
        let modified = Time { seconds: stat.st_mtime, nanoseconds: 0 };
        let (uid, gid, mode) = (stat.st_uid.into(), stat.st_gid.into(), stat.st_mode & 0o7777);
        self.sink.append(&Entry { path, kind, mode, uid, gid, modified, xattrs }, data)
    }
}

fn file_type(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits())
}

/// File systems that are the kernel talking.
fn is_pseudo(folder: &OwnedFd) -> bool {
    const PSEUDO: [FsType; 4] = [
        statfs::PROC_SUPER_MAGIC,
        statfs::SYSFS_MAGIC,
        statfs::CGROUP_SUPER_MAGIC,
        statfs::CGROUP2_SUPER_MAGIC,
    ];
    fstatfs(folder).is_ok_and(|found| PSEUDO.contains(&found.filesystem_type()))
}
