//! A folder that paths of an archive are resolved in and never leave.
//!
//! A layer is unpacked into a fresh folder of its own. Each entry's folder is opened once with
//! `openat2(2)`, RESOLVE_IN_ROOT: links that the archive itself made may be followed, but only
//! within. The last part of a path is then created or removed relative to that descriptor and never
//! followed.

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::{Mode, SFlag, fchmod, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

/// What the kernel takes as one name, and as one path.
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 4096;
/// The mode of folders that an archive uses without having them.
const IMPLIED_MODE: Mode = Mode::from_bits_truncate(0o755);

/// Why a path of an archive is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It climbs.
    #[error("it has a `..` in it")]
    Climbs,
    /// The kernel has no such names.
    #[error("it has a NUL in it")]
    Nul,
    /// The kernel takes no such path.
    #[error("it is too long")]
    TooLong,
}

/// A path below a root: no empty parts, no `.`, no `..`. Empty for the root itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InnerPath(Vec<u8>);

impl InnerPath {
    /// Reads a path; one that begins with a slash begins at the root.
    pub(super) fn parse(text: &[u8]) -> Result<Self, PathError> {
        if text.contains(&0) {
            return Err(PathError::Nul);
        }
        let mut path = Vec::with_capacity(text.len());
        for part in text.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => continue,
                b".." => return Err(PathError::Climbs),
                _ if part.len() > LONGEST_NAME => return Err(PathError::TooLong),
                _ => {}
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(part);
        }
        if path.len() >= LONGEST_PATH { Err(PathError::TooLong) } else { Ok(Self(path)) }
    }

    /// Whether it is the root itself.
    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The folder part and the last part.
    pub(super) fn split(&self) -> (Self, &[u8]) {
        match self.0.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (Self(self.0[..slash].to_vec()), &self.0[slash + 1..]),
            None => (Self(Vec::new()), &self.0),
        }
    }

    /// Its parts from the root down; one empty part for the root.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/')
    }

    /// As an archive would spell it.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn as_path(&self) -> &Path {
        if self.is_root() { Path::new(".") } else { Path::new(OsStr::from_bytes(&self.0)) }
    }
}

/// The folder that everything stays in.
pub(super) struct Root {
    folder: OwnedFd,
    /// The folder of the last entry: archives keep the entries of one folder together.
    last: Option<(InnerPath, Rc<OwnedFd>)>,
}

impl Root {
    /// Opens the folder.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { folder: File::open(path)?.into(), last: None })
    }

    /// Opens a folder below the root, making what is missing of its path.
    pub(super) fn folder(&mut self, path: &InnerPath) -> io::Result<Rc<OwnedFd>> {
        if let Some((last, folder)) = &self.last
            && last == path
        {
            return Ok(Rc::clone(folder));
        }
        let opened = match self.existing_folder(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make_folders(path)?,
            opened => opened?,
        };
        let folder = Rc::new(opened);
        self.last = Some((path.clone(), Rc::clone(&folder)));
        Ok(folder)
    }

    /// Opens a folder below the root, following links only within the root.
    pub(super) fn existing_folder(&self, path: &InnerPath) -> io::Result<OwnedFd> {
        let resolve =
            ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS | ResolveFlag::RESOLVE_NO_XDEV;
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let how = OpenHow::new().flags(flags).resolve(resolve);
        Ok(openat2(&self.folder, path.as_path(), how)?)
    }

    fn make_folders(&mut self, path: &InnerPath) -> io::Result<OwnedFd> {
        let (parent, name) = path.split();
        let parent = self.folder(&parent)?;
        match mkdirat(&*parent, OsStr::from_bytes(name), IMPLIED_MODE) {
            Ok(()) => {
                let folder = open_folder(&parent, name)?;
                fchmod(&folder, IMPLIED_MODE)?; // mkdirat obeys the umask
                Ok(folder)
            }
            Err(Errno::EEXIST) => Err(Errno::ENOTDIR.into()), // a link to nowhere
            Err(errno) => Err(errno.into()),
        }
    }

    /// Removes what has this name in `folder`, a whole tree if it is one.
    pub(super) fn remove(&mut self, folder: &OwnedFd, name: &[u8]) -> io::Result<()> {
        self.last = None; // it may lie in what is removed
        match unlinkat(folder, OsStr::from_bytes(name), UnlinkatFlags::NoRemoveDir) {
            Err(Errno::EISDIR) => std::fs::remove_dir_all(at(folder, name)),
            result => Ok(result?),
        }
    }
}

/// Opens a folder by its name in another, never through a link.
pub(crate) fn open_folder(folder: &OwnedFd, name: &[u8]) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(folder, OsStr::from_bytes(name), flags, Mode::empty())?)
}

/// What has this name in `folder`: its file type, and its device numbers if it is a device.
pub(super) fn kind_of(folder: &OwnedFd, name: &[u8]) -> io::Result<Option<(SFlag, u64)>> {
    match fstatat(folder, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => {
            let kind = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits());
            Ok(Some((kind, stat.st_rdev)))
        }
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// A path to a name in an open folder, for calls that take no descriptor of the folder.
pub(super) fn at(folder: &OwnedFd, name: &[u8]) -> std::path::PathBuf {
    let mut path = format!("/proc/self/fd/{}/", folder.as_raw_fd()).into_bytes();
    path.extend_from_slice(name);
    std::path::PathBuf::from(std::ffi::OsString::from(OsStr::from_bytes(&path)))
}

/// As [`at`], for calls that take a C string.
pub(super) fn c_at(folder: &OwnedFd, name: &[u8]) -> io::Result<CString> {
    Ok(CString::new(at(folder, name).into_os_string().as_encoded_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_or_refused() {
        let check = |text: &str| InnerPath::parse(text.as_bytes()).map(|path| path.0);
        assert_eq!(check("./a//b/./c/"), Ok(b"a/b/c".to_vec()));
        assert_eq!(check("/etc/passwd"), Ok(b"etc/passwd".to_vec()));
        assert_eq!(check("./"), Ok(Vec::new()));
        for climbing in ["..", "../a", "a/../b", "a/.."] {
            assert_eq!(check(climbing), Err(PathError::Climbs), "{climbing}");
        }
        assert_eq!(check("a\0b"), Err(PathError::Nul));
        assert_eq!(check(&"x".repeat(256)), Err(PathError::TooLong));
        assert_eq!(check(&"x/".repeat(2100)), Err(PathError::TooLong));
    }
}
