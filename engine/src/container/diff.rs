//! What a container changed in the files of its image: its overlay's upper folder, compared with the layers.

use super::files::{FilesError, record_of};
use super::folder::Folder;
use super::generated::Generated;
use crate::image::layer::tree::{self, list, open_folder};
use crate::state::Layout;
use crate::sys::{self, Carrier};
use engine_spec::{ContainerId, ContainerName};
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{FileStat, SFlag, fstat};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A path that is not as the image has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Where, from the root.
    pub path: PathBuf,
    /// How.
    pub kind: ChangeKind,
}

/// How a path is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The image has it not.
    Added,
    /// The image has it otherwise.
    Changed,
    /// The image alone has it.
    Deleted,
}

impl ChangeKind {
    /// Docker's letter for it: `A`, `C` or `D`.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Changed => 'C',
            Self::Deleted => 'D',
        }
    }
}

/// The changes of a container could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// Its record could not be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A folder could not be read.
    #[error("cannot read the changes of container {name}")]
    Read {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The paths that a container changed, sorted.
///
/// # Errors
/// Says why they could not be read.
pub fn diff(layout: &Layout, name: &ContainerName) -> Result<Vec<Change>, DiffError> {
    let record = record_of(layout, name)?;
    let compare = || -> io::Result<Vec<Change>> {
        let layers = record.layers.iter().rev().map(|layer| Ok(File::open(layout.layer(layer))?.into()));
        let layers = layers.collect::<io::Result<Vec<OwnedFd>>>()?;
        let generated = Generated::of(&record.spec);
        let mut comparison = Comparison { layers, generated, changes: Vec::new() };
        let upper = File::open(Folder::of(layout, &record.id).upper())?.into();
        comparison.folder(&upper, Path::new("/"), true)?;
        comparison.changes.sort();
        Ok(comparison.changes)
    };
    compare().map_err(|source| DiffError::Read { name: name.clone(), source })
}

/// How many bytes a container has written over its image; what cannot be read counts as nothing.
#[must_use]
pub fn written_bytes(layout: &Layout, id: &ContainerId) -> u64 {
    fn below(folder: &OwnedFd) -> u64 {
        let names = list(folder).unwrap_or_default();
        let sizes = names.iter().map(|name| match tree::stat(folder, name) {
            Ok(Some(stat)) if is_kind(&stat, SFlag::S_IFDIR) => {
                open_folder(folder, name).as_ref().map_or(0, below)
            }
            Ok(Some(stat)) if is_kind(&stat, SFlag::S_IFREG) => u64::try_from(stat.st_size).unwrap_or(0),
            Ok(_) | Err(_) => 0,
        });
        sizes.sum()
    }
    File::open(Folder::of(layout, id).upper()).map_or(0, |upper| below(&upper.into()))
}

struct Comparison {
    /// Topmost first.
    layers: Vec<OwnedFd>,
    generated: Generated,
    changes: Vec<Change>,
}

impl Comparison {
    /// Compares what is in a folder of the upper folder; whether anything is different. Nothing shows
    /// through the folder where the layers have it not.
    fn folder(&mut self, folder: &OwnedFd, path: &Path, shows_through: bool) -> io::Result<bool> {
        let before = self.changes.len();
        for name in list(folder)? {
            let path = path.join(OsStr::from_bytes(&name));
            // It went away since the folder was listed.
            let Some(stat) = tree::stat(folder, &name)? else { continue };
            if self.generated.has(&path) && is_empty(folder, &name, &stat) {
                continue;
            }
            let below = if shows_through { self.below(&path)? } else { None };
            let kind = if is_kind(&stat, SFlag::S_IFDIR) {
                let child = open_folder(folder, &name)?;
                let is_folder = below.is_some_and(|below| is_kind(&below, SFlag::S_IFDIR));
                let has_changes = self.folder(&child, &path, is_folder && !is_opaque(&child)?)?;
                self.kind_of_folder(&path, &stat, below.as_ref(), has_changes)
            } else {
                Some(match below {
                    _ if is_whiteout(&stat) => ChangeKind::Deleted,
                    Some(_) => ChangeKind::Changed,
                    None => ChangeKind::Added,
                })
            };
            self.changes.extend(kind.map(|kind| Change { path, kind }));
        }
        Ok(self.changes.len() > before)
    }

    /// A folder lies in the upper folder for what is in it too; that alone is no change of it.
    fn kind_of_folder(
        &self,
        path: &Path,
        stat: &FileStat,
        below: Option<&FileStat>,
        has_changes: bool,
    ) -> Option<ChangeKind> {
        let Some(below) = below else { return Some(ChangeKind::Added) };
        let traits = |stat: &FileStat| (stat.st_mode, stat.st_uid, stat.st_gid);
        let times = |stat: &FileStat| (stat.st_mtime, stat.st_mtime_nsec);
        let is_touched = times(stat) != times(below) && !self.generated.is_in(path);
        (has_changes || traits(stat) != traits(below) || is_touched).then_some(ChangeKind::Changed)
    }

    /// What the image has at a path: the topmost layer that says anything about it decides.
    fn below(&self, path: &Path) -> io::Result<Option<FileStat>> {
        let path = path.strip_prefix("/").unwrap_or(path);
        for layer in &self.layers {
            match open_in(layer, path) {
                Ok(found) => {
                    let stat = fstat(&found)?;
                    return Ok(if is_whiteout(&stat) { None } else { Some(stat) });
                }
                Err(Errno::ENOENT) if hides_what_is_below(layer, path)? => return Ok(None),
                Err(Errno::ENOENT) => {}
                // Something that is no folder hides all that layers below have there.
                Err(Errno::ENOTDIR | Errno::ELOOP) => return Ok(None),
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(None)
    }
}

/// Whether a folder above `path` is opaque in this layer.
fn hides_what_is_below(layer: &OwnedFd, path: &Path) -> io::Result<bool> {
    for above in path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
        if let Ok(found) = open_in(layer, above) {
            // Attributes are read through a descriptor that is open for reading.
            let stat = fstat(&found)?;
            if is_kind(&stat, SFlag::S_IFDIR) && is_opaque(&open_folder(&found, b".")?)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn open_in(layer: &OwnedFd, path: &Path) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS;
    openat2(layer, path, OpenHow::new().flags(flags).resolve(resolve))
}

fn is_opaque(folder: &OwnedFd) -> io::Result<bool> {
    match sys::xattr(Carrier::File(folder.as_fd()), c"trusted.overlay.opaque") {
        Ok(value) => Ok(value == b"y"),
        Err(Errno::ENODATA | Errno::EOPNOTSUPP) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

fn is_kind(stat: &FileStat, kind: SFlag) -> bool {
    stat.st_mode & SFlag::S_IFMT.bits() == kind.bits()
}

fn is_whiteout(stat: &FileStat) -> bool {
    is_kind(stat, SFlag::S_IFCHR) && stat.st_rdev == 0
}

/// An empty file, or a folder with nothing in it.
pub(super) fn is_empty(folder: &OwnedFd, name: &[u8], stat: &FileStat) -> bool {
    if is_kind(stat, SFlag::S_IFDIR) {
        return open_folder(folder, name)
            .and_then(|folder| list(&folder))
            .is_ok_and(|names| names.is_empty());
    }
    is_kind(stat, SFlag::S_IFREG) && stat.st_size == 0
}
