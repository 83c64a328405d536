//! A tree becomes an archive that depends on nothing but the tree.
//!
//! Names in byte order, a folder before what is in it, times in whole seconds, no owner names. The
//! tree is an overlay upper folder that is no longer mounted: whiteouts and opaque folders are
//! written as archives have them, other attributes of overlayfs are left out. Our overlays are
//! mounted with `redirect_dir` and `metacopy` off; a tree that has them anyway is refused, because
//! its files are not all in it.

use super::root::{c_at, open_folder};
use super::tar::{Entry, Kind, TarWriter, Time};
use super::whiteout::{self, Meaning};
use super::{HashingWriter, Layer};
use crate::sys::{self, Carrier};
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat, major, minor};
use std::collections::HashMap;
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Each level holds one descriptor open, of the 1,024 that a process usually has.
const DEEPEST: usize = 400;
/// Large enough that most files are one read.
const BUFFER: usize = 256 << 10;

/// A tree that cannot be archived.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Something in the tree could not be read.
    #[error("cannot read {path}")]
    Read {
        /// What, below the tree's root.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The archive could not be written, or a file of the tree changed meanwhile.
    #[error("cannot write {path} to the archive")]
    Write {
        /// What, below the tree's root.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A name that would mean something else in an archive.
    #[error("{0} has a name that layers use for removed files")]
    ReservedName(PathBuf),
    /// Overlayfs keeps a part of the file elsewhere.
    #[error("{0} was written by an overlay with redirect_dir or metacopy")]
    Redirected(PathBuf),
    /// Folders within folders without end.
    #[error("{0} is more than {DEEPEST} folders deep")]
    TooDeep(PathBuf),
}

/// The layer that a tree makes.
///
/// # Errors
/// Says what in the tree cannot be archived.
pub fn digest(tree: &Path) -> Result<Layer, CommitError> {
    write(tree, io::sink())
}

/// Writes the archive that a tree makes.
///
/// # Errors
/// Says what in the tree cannot be archived, or why it could not be written.
pub fn write(tree: &Path, sink: impl Write) -> Result<Layer, CommitError> {
    write_without(tree, sink, &|_| false)
}

/// Writes the archive that a tree makes without the paths, from its root, that are `left_out`.
pub(crate) fn write_without(
    tree: &Path,
    sink: impl Write,
    left_out: &dyn Fn(&[u8]) -> bool,
) -> Result<Layer, CommitError> {
    let root = File::open(tree).map_err(|source| CommitError::Read { path: tree.to_owned(), source })?;
    let mut walk = Walk {
        archive: TarWriter::new(HashingWriter::new(sink)),
        links: HashMap::new(),
        path: Vec::new(),
        buffer: vec![0; BUFFER],
        left_out,
    };
    walk.folder(&root.into(), 0)?;
    let written = walk.archive.finish().and_then(HashingWriter::finish);
    let (diff_id, size) = written.map_err(|source| CommitError::Write { path: PathBuf::new(), source })?;
    Ok(Layer { diff_id, size })
}

struct Walk<'a, W> {
    archive: TarWriter<HashingWriter<W>>,
    left_out: &'a dyn Fn(&[u8]) -> bool,
    /// The first path of each file that has several, by device and inode.
    links: HashMap<(u64, u64), Vec<u8>>,
    /// Of what is being archived.
    path: Vec<u8>,
    buffer: Vec<u8>,
}

impl<W: Write> Walk<'_, W> {
    fn folder(&mut self, folder: &OwnedFd, depth: usize) -> Result<(), CommitError> {
        if depth > DEEPEST {
            return Err(CommitError::TooDeep(self.readable_path()));
        }
        let names = list(folder).map_err(|source| self.read_error(source))?;
        for (name, kind) in names {
            let length = self.path.len();
            self.path.extend_from_slice(&name);
            if !(self.left_out)(&self.path) {
                self.named(folder, &name, kind, depth)?;
            }
            self.path.truncate(length);
        }
        Ok(())
    }

    fn named(&mut self, folder: &OwnedFd, name: &[u8], kind: Type, depth: usize) -> Result<(), CommitError> {
        if whiteout::meaning(name) != Some(Meaning::Name) {
            return Err(CommitError::ReservedName(self.readable_path()));
        }
        match kind {
            Type::Directory => {
                let folder = open_folder(folder, name).map_err(|source| self.read_error(source))?;
                self.path.push(b'/');
                self.folder_entry(&folder)?;
                self.folder(&folder, depth + 1)
            }
            Type::File => self.file(folder, name),
            Type::Socket => Ok(()), // Archives have none, and it means nothing without its process.
            _ => self.special(folder, name),
        }
    }

    fn folder_entry(&mut self, folder: &OwnedFd) -> Result<(), CommitError> {
        let stat = fstat(folder).map_err(|errno| self.read_error(errno.into()))?;
        let attributes = self.attributes(Carrier::File(folder.as_fd()))?;
        self.append(&stat, Kind::Directory, attributes.kept, &mut io::empty())?;
        if !attributes.is_opaque {
            return Ok(());
        }
        self.marker(whiteout::OPAQUE)
    }

    fn file(&mut self, folder: &OwnedFd, name: &[u8]) -> Result<(), CommitError> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NOATIME | OFlag::O_CLOEXEC;
        let opened = openat(folder, OsStr::from_bytes(name), flags, Mode::empty());
        let mut file = File::from(opened.map_err(|errno| self.read_error(errno.into()))?);
        let stat = fstat(&file).map_err(|errno| self.read_error(errno.into()))?;
        if let Some(link) = self.earlier_link(&stat) {
            return self.append(&stat, link, Vec::new(), &mut io::empty());
        }
        let attributes = self.attributes(Carrier::File(file.as_fd()))?;
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        self.append(&stat, Kind::File(size), attributes.kept, &mut file)
    }

    fn special(&mut self, folder: &OwnedFd, name: &[u8]) -> Result<(), CommitError> {
        let stat = fstatat(folder, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(|errno| self.read_error(errno.into()))?;
        let file_type = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits());
        let (major, minor) = (device_part(major(stat.st_rdev)), device_part(minor(stat.st_rdev)));
        let kind = match file_type {
            // Before links: overlayfs gives all its whiteouts one inode (Linux 5.8).
            SFlag::S_IFCHR if stat.st_rdev == 0 => return self.whiteout(name),
            SFlag::S_IFLNK => {
                let target = readlinkat(folder, OsStr::from_bytes(name));
                Kind::Symlink(target.map_err(|errno| self.read_error(errno.into()))?.into_vec())
            }
            SFlag::S_IFCHR => Kind::CharacterDevice(major, minor),
            SFlag::S_IFBLK => Kind::BlockDevice(major, minor),
            SFlag::S_IFIFO => Kind::Fifo,
            _ => return Ok(()), // a socket on a file system that does not tell kinds while listing
        };
        if let Some(link) = self.earlier_link(&stat) {
            return self.append(&stat, link, Vec::new(), &mut io::empty());
        }
        let path = c_at(folder, name).map_err(|source| self.read_error(source))?;
        let attributes = self.attributes(Carrier::Path(&path))?;
        self.append(&stat, kind, attributes.kept, &mut io::empty())
    }

    /// Times and owner of a whiteout mean nothing, so they are the same for all.
    fn whiteout(&mut self, name: &[u8]) -> Result<(), CommitError> {
        self.path.truncate(self.path.len() - name.len());
        self.marker(&[whiteout::PREFIX, name].concat())
    }

    fn marker(&mut self, name: &[u8]) -> Result<(), CommitError> {
        let entry = Entry {
            path: [&self.path, name].concat(),
            kind: Kind::File(0),
            mode: 0,
            uid: 0,
            gid: 0,
            modified: Time::default(),
            xattrs: Vec::new(),
        };
        let written = self.archive.append(&entry, &mut io::empty(), &mut self.buffer);
        written.map_err(|source| CommitError::Write { path: self.readable_path(), source })
    }

    /// The hard link that a file becomes if one of its names is in the archive already.
    fn earlier_link(&mut self, stat: &FileStat) -> Option<Kind> {
        if stat.st_nlink < 2 {
            return None;
        }
        let inode = (stat.st_dev, stat.st_ino);
        if let Some(first) = self.links.get(&inode) {
            return Some(Kind::HardLink(first.clone()));
        }
        self.links.insert(inode, self.path.clone());
        None
    }

    fn append(
        &mut self,
        stat: &FileStat,
        kind: Kind,
        xattrs: Vec<(Vec<u8>, Vec<u8>)>,
        data: &mut impl Read,
    ) -> Result<(), CommitError> {
        let entry = Entry {
            path: self.path.clone(),
            kind,
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid.into(),
            gid: stat.st_gid.into(),
            modified: Time { seconds: stat.st_mtime, nanoseconds: 0 },
            xattrs,
        };
        let written = self.archive.append(&entry, data, &mut self.buffer);
        written.map_err(|source| CommitError::Write { path: self.readable_path(), source })
    }

    fn attributes(&self, carrier: Carrier<'_>) -> Result<Attributes, CommitError> {
        let mut attributes = Attributes::default();
        let names = sys::xattr_names(carrier).map_err(|errno| self.read_error(errno.into()))?;
        for name in &names {
            match name.to_bytes() {
                b"trusted.overlay.opaque" => {
                    attributes.is_opaque = self.attribute(carrier, name)? == b"y";
                }
                b"trusted.overlay.redirect" | b"trusted.overlay.metacopy" => {
                    return Err(CommitError::Redirected(self.readable_path()));
                }
                kept if is_kept(kept) => {
                    attributes.kept.push((kept.to_vec(), self.attribute(carrier, name)?));
                }
                _ => {}
            }
        }
        attributes.kept.sort();
        Ok(attributes)
    }

    fn attribute(&self, carrier: Carrier<'_>, name: &CStr) -> Result<Vec<u8>, CommitError> {
        sys::xattr(carrier, name).map_err(|errno| self.read_error(errno.into()))
    }

    fn read_error(&self, source: io::Error) -> CommitError {
        CommitError::Read { path: self.readable_path(), source }
    }

    fn readable_path(&self) -> PathBuf {
        PathBuf::from(OsStr::from_bytes(&self.path))
    }
}

#[derive(Default)]
struct Attributes {
    kept: Vec<(Vec<u8>, Vec<u8>)>,
    is_opaque: bool,
}

/// Labels of the host's security modules and what overlayfs or root keeps for itself stay behind.
pub(super) fn is_kept(name: &[u8]) -> bool {
    let is_portable = name == b"security.capability"
        || name.starts_with(b"user.")
        || name.starts_with(b"system.posix_acl_");
    is_portable && !whiteout::is_overlay_xattr(name)
}

/// The numbers of a Linux device have 12 and 20 bits.
fn device_part(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The names in a folder in byte order, each with its kind; the kind of some is not told.
fn list(folder: &OwnedFd) -> io::Result<Vec<(Vec<u8>, Type)>> {
    let mut names = Vec::new();
    let mut listing = Dir::from_fd(folder.try_clone()?)?;
    for entry in listing.iter() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            let kind = match entry.file_type() {
                Some(kind) => kind,
                None => kind_by_stat(folder, name)?,
            };
            names.push((name.to_vec(), kind));
        }
    }
    names.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
    Ok(names)
}

fn kind_by_stat(folder: &OwnedFd, name: &[u8]) -> Result<Type, Errno> {
    let stat = fstatat(folder, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW)?;
    Ok(match SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFDIR => Type::Directory,
        SFlag::S_IFREG => Type::File,
        SFlag::S_IFSOCK => Type::Socket,
        _ => Type::Symlink, // told apart where it is archived
    })
}
