//! The two sides of a copy: the host's files, and those of the container.

use super::plan::{Existing, Typed};
use crate::image::layer::tree::{self, open_folder};
use crate::runtime::rootfs::Root;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{Mode, SFlag};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where a path is looked up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side<'a> {
    /// Among the host's files.
    Host,
    /// Within a container's root folder.
    Container(&'a Root),
}

/// A name in an open folder, and what lies there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) folder: OwnedFd,
    /// `.` for the folder itself.
    pub(super) name: Vec<u8>,
    pub(super) existing: Existing,
}

/// How many links are followed one after the other, as the kernel does (path_resolution(7)).
const MOST_LINKS: u32 = 40;

impl Side<'_> {
    /// Looks a path up; `None` where the folder it lies in is not there. With `follow`, what is a link is
    /// looked up where it leads to, whether that is there or not.
    pub(super) fn find(self, typed: &Typed, follow: bool) -> io::Result<Option<Found>> {
        let (mut folder_path, mut name) = (typed.folder_path(), typed.name.clone());
        for _ in 0..MOST_LINKS {
            let folder = match self.open(&folder_path) {
                Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(None),
                folder => folder?,
            };
            let stat = tree::stat(&folder, &name)?;
            let kind = stat.map(|stat| SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()));
            let existing = match kind {
                None => Existing::Nothing,
                Some(SFlag::S_IFDIR) => Existing::Folder,
                Some(SFlag::S_IFCHR | SFlag::S_IFBLK) => Existing::Device,
                Some(_) => Existing::Other,
            };
            if kind != Some(SFlag::S_IFLNK) || !follow {
                return Ok(Some(Found { folder, name, existing }));
            }
            let target = nix::fcntl::readlinkat(&folder, std::ffi::OsStr::from_bytes(&name))?;
            let next = Typed::new(&folder_path.join(PathBuf::from(target)));
            (folder_path, name) = (next.folder_path(), next.name);
        }
        Err(Errno::ELOOP.into())
    }

    fn open(self, path: &Path) -> nix::Result<OwnedFd> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        match self {
            Self::Host => open(path, flags, Mode::empty()),
            Self::Container(root) => root.open(path, flags),
        }
    }
}

impl Found {
    /// Opens the folder that was found.
    pub(super) fn into_folder(self) -> io::Result<OwnedFd> {
        if self.name == b"." { Ok(self.folder) } else { open_folder(&self.folder, &self.name) }
    }
}
