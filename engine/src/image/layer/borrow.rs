//! Hard links to files of the layers below.
//!
//! A layer is unpacked into a folder of its own, beside the layers below it or before them. A hard
//! link to a file that only they have is kept back until they are there. Then the file is copied up
//! as overlayfs would (kernel: overlayfs.rst, "Non-directories"), with the folders it is in, and linked.

use super::extract::{readable, write_error};
use super::root::{InnerPath, Root, kind_of, open_folder};
use super::{ExtractError, tree, whiteout};
use crate::sys::{Carrier, set_xattr, xattr};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, futimens, mkdirat};
use nix::sys::time::TimeSpec;
use nix::unistd::linkat;
use std::ffi::{CString, OsStr};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// A hard link whose target the archive does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Borrowed {
    pub(super) path: InnerPath,
    pub(super) target: InnerPath,
}

impl Borrowed {
    /// What is said where there are no layers below.
    pub(super) fn refuse(&self) -> ExtractError {
        ExtractError::NoTarget {
            path: readable(self.path.as_bytes()),
            target: readable(self.target.as_bytes()),
        }
    }
}

/// Makes the links of `tree` into the layers `below`, topmost first.
pub(crate) fn lend(tree: &Path, below: &[PathBuf], links: &[Borrowed]) -> Result<(), ExtractError> {
    for link in links {
        let lent = Lender::open(tree, below).and_then(|lender| lender.link(link));
        if !lent.map_err(|source| write_error(link.path.as_bytes(), source))? {
            return Err(link.refuse());
        }
    }
    Ok(())
}

/// What one layer says of a path.
enum Look {
    /// It is in this folder.
    Here(OwnedFd),
    /// The layer below may have it.
    Absent,
    /// No layer below counts.
    Gone,
}

struct Lender {
    own: Root,
    own_folder: OwnedFd,
    below: Vec<OwnedFd>,
}

impl Lender {
    fn open(tree: &Path, below: &[PathBuf]) -> io::Result<Self> {
        let open = |path: &PathBuf| Ok(File::open(path)?.into());
        let below = below.iter().map(open).collect::<io::Result<_>>()?;
        Ok(Self { own: Root::open(tree)?, own_folder: File::open(tree)?.into(), below })
    }

    /// Whether there was a file to link to.
    fn link(&self, link: &Borrowed) -> io::Result<bool> {
        let (path_folder, path_name) = link.path.split();
        let (target_folder, target_name) = link.target.split();
        match look(&self.own_folder, &link.target)? {
            Look::Here(_) => {}
            Look::Gone => return Ok(false),
            Look::Absent => {
                let Some(source) = self.find(&link.target)? else { return Ok(false) };
                let Some(file) = open_file(&source, target_name)? else { return Ok(false) };
                self.raise_folders(&target_folder)?;
                let folder = self.own.existing_folder(&target_folder)?;
                keeping_times(&folder, || copy_up(&file, &folder, target_name))?;
            }
        }
        let (from, to) = (self.own.existing_folder(&target_folder)?, self.own.existing_folder(&path_folder)?);
        if kind_of(&to, path_name)?.is_some() {
            return Ok(true); // a later entry of this name
        }
        let (target, name) = (OsStr::from_bytes(target_name), OsStr::from_bytes(path_name));
        keeping_times(&to, || Ok(linkat(&from, target, &to, name, AtFlags::empty())?))?;
        Ok(true)
    }

    /// The folder, in the topmost layer below that has it, of what `path` leads to.
    fn find(&self, path: &InnerPath) -> io::Result<Option<OwnedFd>> {
        for layer in &self.below {
            match look(layer, path)? {
                Look::Here(folder) => return Ok(Some(folder)),
                Look::Absent => {}
                Look::Gone => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Folders that exist below are made again as they are there, for the upper one's owner and mode count.
    fn raise_folders(&self, path: &InnerPath) -> io::Result<()> {
        if path.is_root() || matches!(look(&self.own_folder, path)?, Look::Here(_)) {
            return Ok(());
        }
        let (parent, name) = path.split();
        self.raise_folders(&parent)?;
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let below = open_folder(&self.find(path)?.ok_or_else(missing)?, name)?;
        let parent = self.own.existing_folder(&parent)?;
        keeping_times(&parent, || Ok(mkdirat(&parent, OsStr::from_bytes(name), Mode::S_IRWXU)?))?;
        let raised = File::from(open_folder(&parent, name)?);
        copy_metadata(&below, &raised)
    }
}

/// Walks down one layer, through no link.
fn look(root: &OwnedFd, path: &InnerPath) -> io::Result<Look> {
    let mut folder = root.try_clone()?;
    let mut below_counts = true;
    let mut parts = path.parts().peekable();
    while let Some(part) = parts.next() {
        let kind = kind_of(&folder, part)?;
        match (kind, parts.peek()) {
            (None, _) => return Ok(if below_counts { Look::Absent } else { Look::Gone }),
            (Some((SFlag::S_IFCHR, 0)), _) => return Ok(Look::Gone),
            (Some(_), None) => return Ok(Look::Here(folder)),
            (Some((SFlag::S_IFDIR, _)), Some(_)) => folder = open_folder(&folder, part)?,
            (Some(_), Some(_)) => return Ok(Look::Gone),
        }
        below_counts &= !is_opaque(&folder);
    }
    Ok(Look::Here(folder))
}

fn is_opaque(folder: &OwnedFd) -> bool {
    xattr(Carrier::File(folder.as_fd()), whiteout::OPAQUE_XATTR).is_ok_and(|value| value == b"y")
}

/// A regular file, never through a link; `None` for anything else.
fn open_file(folder: &OwnedFd, name: &[u8]) -> io::Result<Option<File>> {
    if !matches!(kind_of(folder, name)?, Some((SFlag::S_IFREG, _))) {
        return Ok(None);
    }
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    match openat(folder, OsStr::from_bytes(name), flags, Mode::empty()) {
        Ok(file) => Ok(Some(file.into())),
        Err(Errno::ELOOP) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn copy_up(mut from: &File, folder: &OwnedFd, name: &[u8]) -> io::Result<()> {
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut to = File::from(openat(folder, OsStr::from_bytes(name), flags, Mode::S_IRUSR)?);
    io::copy(&mut from, &mut to)?;
    copy_metadata(from, &to)
}

/// Owner, attributes, mode, times: in this order, as each changes what comes before it.
fn copy_metadata(from: &impl AsFd, to: &File) -> io::Result<()> {
    let stat = fstat(from)?;
    fchown(to, Some(stat.st_uid), Some(stat.st_gid))?;
    for (name, value) in tree::attributes(from)? {
        set_xattr(Carrier::File(to.as_fd()), &CString::new(name)?, &value)?;
    }
    to.set_permissions(Permissions::from_mode(stat.st_mode & 0o7777))?;
    set_times(to, &stat)
}

/// Changes something in a folder whose own time has been set already.
fn keeping_times(folder: &OwnedFd, change: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let stat = fstat(folder)?;
    change()?;
    set_times(folder, &stat)
}

fn set_times(file: &impl AsFd, stat: &FileStat) -> io::Result<()> {
    let accessed = TimeSpec::new(stat.st_atime, stat.st_atime_nsec);
    let modified = TimeSpec::new(stat.st_mtime, stat.st_mtime_nsec);
    Ok(futimens(file, &accessed, &modified)?)
}
