//! Entries become files below an open folder, and never anywhere else.

use super::lookup::{Lookup, Owner};
use super::place::{Manner, Metadata, Node, Place};
use super::walk::Sink;
use crate::image::layer::{Entry, EntryKind, Time};
use nix::fcntl::OFlag;
use nix::sys::stat::{SFlag, futimens, makedev};
use nix::sys::time::TimeSpec;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

/// Who owns what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::container) enum Ownership {
    /// Whom the entry names.
    Recorded,
    /// This user and group.
    Fixed(Owner),
}

/// Writes entries below a folder.
#[derive(Debug)]
pub(in crate::container) struct TreeWriter {
    folder: OwnedFd,
    ownership: Ownership,
    /// Every file made in a folder changes its time, so these are set last.
    folder_times: Vec<(PathBuf, TimeSpec)>,
}

impl TreeWriter {
    pub(in crate::container) fn new(folder: OwnedFd, ownership: Ownership) -> Self {
        Self { folder, ownership, folder_times: Vec::new() }
    }

    /// Gives folders their times.
    pub(in crate::container) fn finish(self) -> io::Result<()> {
        for (path, time) in self.folder_times.iter().rev() {
            // One that something else replaced since has no times to set.
            if let Ok(folder) = self.open_folder(path) {
                futimens(&folder, time, time)?;
            }
        }
        Ok(())
    }

    fn open_folder(&self, path: &Path) -> nix::Result<OwnedFd> {
        Lookup::Below.open(self.folder.as_fd(), path, OFlag::O_RDONLY | OFlag::O_DIRECTORY)
    }

    /// Where an entry goes; archives may leave out the folders that it lies in.
    fn place(&self, path: &Path) -> io::Result<Place> {
        let owner = match self.ownership {
            Ownership::Recorded => None,
            Ownership::Fixed(owner) => Some(owner),
        };
        let folder = Lookup::Below.made_folder(self.folder.as_fd(), parent(path), owner)?;
        Ok(Place { folder, name: name(path)? })
    }

    /// Where the other name of a hard link is.
    fn link_target(&self, path: &[u8]) -> io::Result<Place> {
        let path = inner(path)?;
        let folder = Lookup::Below.folder(self.folder.as_fd(), parent(&path))?;
        Ok(Place { folder, name: name(&path)? })
    }

    fn owner_of(&self, entry: &Entry) -> io::Result<Owner> {
        match self.ownership {
            Ownership::Fixed(owner) => Ok(owner),
            Ownership::Recorded => {
                // 2^32 - 1 means "unchanged" to chown(2).
                let id = |id: u64| u32::try_from(id).ok().filter(|id| *id != u32::MAX);
                let ids = id(entry.uid).zip(id(entry.gid));
                ids.map(|(uid, gid)| Owner { uid, gid }).ok_or_else(|| other("its owner is no valid id"))
            }
        }
    }
}

impl Sink for TreeWriter {
    fn append(&mut self, entry: &Entry, data: &mut dyn Read) -> io::Result<()> {
        let path = inner(&entry.path)?;
        let owner = self.owner_of(entry)?;
        let time = timespec(entry.modified);
        let metadata = Metadata { owner, mode: entry.mode, xattrs: &entry.xattrs, modified: Some(time) };
        if path.as_os_str().is_empty() {
            self.folder_times.push((path.clone(), time));
            return metadata.give(&File::from(self.open_folder(&path)?), Some(owner));
        }
        let place = self.place(&path)?;
        let device = |major: u32, minor: u32| makedev(major.into(), minor.into());
        let mut write = |file: &mut File| io::copy(data, file).map(drop);
        let target;
        let node = match &entry.kind {
            EntryKind::Directory => {
                self.folder_times.push((path.clone(), time));
                return place.put_folder(&metadata, Manner::Unpack);
            }
            EntryKind::File(_) => Node::File(&mut write),
            EntryKind::Symlink(text) => Node::Link(Path::new(OsStr::from_bytes(text))),
            EntryKind::HardLink(path) => {
                target = self.link_target(path)?;
                Node::HardLink(&target)
            }
            EntryKind::Fifo => Node::Special(SFlag::S_IFIFO, 0),
            EntryKind::CharacterDevice(major, minor) => Node::Special(SFlag::S_IFCHR, device(*major, *minor)),
            EntryKind::BlockDevice(major, minor) => Node::Special(SFlag::S_IFBLK, device(*major, *minor)),
        };
        place.put(node, &metadata, Manner::Unpack)
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

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn name(path: &Path) -> io::Result<OsString> {
    path.file_name().map(OsStr::to_owned).ok_or_else(|| other("it has no name"))
}

fn timespec(time: Time) -> TimeSpec {
    TimeSpec::new(time.seconds, time.nanoseconds.into())
}

fn other(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}
