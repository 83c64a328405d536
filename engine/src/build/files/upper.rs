//! Writing a layer by hand: files put into a fresh upper folder as if it were mounted over its layers.
//!
//! overlayfs shows a folder of the upper layer with that folder's own mode and owner, so every
//! folder on the way that exists below is made again with the metadata it has there.

use super::permission::Owner;
use crate::build::input::attribute::copy_attributes;
use crate::build::input::view::{Entry, Found, Kind, View, ViewError};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::{FileStat, Mode, SFlag, UtimensatFlags, mknod, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchownat};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Folders nobody said anything about.
const FOLDER_MODE: u32 = 0o755;

/// Something could not be put into a layer.
#[derive(Debug, thiserror::Error)]
pub enum UpperError {
    /// The tree below could not be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A file or folder could not be made.
    #[error("cannot write {path}")]
    Write {
        /// Its path in the image.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot take a folder's place, nor a folder a file's.
    #[error("cannot put a {new} where the image has a {old}: {path}")]
    Conflict {
        /// Its path in the image.
        path: PathBuf,
        /// What was to be put there.
        new: &'static str,
        /// What is there.
        old: &'static str,
    },
}

/// What a new file or folder gets besides its content.
#[derive(Debug, Clone, Copy)]
pub(in crate::build) struct Metadata {
    /// Permission bits.
    pub(in crate::build) mode: u32,
    /// Whose it is.
    pub(in crate::build) owner: Owner,
    /// When it was changed; `None` is now.
    pub(in crate::build) modified: Option<TimeSpec>,
}

impl Metadata {
    /// What `stat` says.
    pub(in crate::build) fn of(stat: &FileStat) -> Self {
        Self {
            mode: stat.st_mode & 0o7777,
            owner: Owner { uid: stat.st_uid, gid: stat.st_gid },
            modified: Some(TimeSpec::new(stat.st_mtime, stat.st_mtime_nsec)),
        }
    }

    /// A folder nobody said anything about.
    pub(in crate::build) fn new_folder(owner: Owner) -> Self {
        Self { mode: FOLDER_MODE, owner, modified: None }
    }
}

/// An upper folder in the making.
#[derive(Debug)]
pub(in crate::build) struct Upper {
    root: PathBuf,
    /// The upper folder over its layers, as it is at each moment.
    view: View,
}

impl Upper {
    /// Starts in the empty folder `root`, over `layers`, topmost first.
    pub(in crate::build) fn new(root: &Path, layers: &[PathBuf]) -> Result<Self, UpperError> {
        let all: Vec<PathBuf> = [root.to_owned()].into_iter().chain(layers.iter().cloned()).collect();
        let upper = Self { root: root.to_owned(), view: View::of_layers(&all)? };
        if !layers.is_empty() {
            let lower = View::of_layers(layers)?;
            if let Some(below) = lower.root()? {
                upper.finish(&below.path, Metadata::of(&below.stat))?;
            }
        }
        Ok(upper)
    }

    /// The image as it is with what was written so far.
    pub(in crate::build) fn view(&self) -> &View {
        &self.view
    }

    /// What `path` leads to, links followed within the image.
    pub(in crate::build) fn resolve(&self, path: &Path) -> Result<Found, UpperError> {
        Ok(self.view.resolve(path)?)
    }

    /// What `folder` has under `name`.
    pub(in crate::build) fn child(&self, folder: &Entry, name: &OsStr) -> Result<Option<Entry>, UpperError> {
        Ok(self.view.child(folder, name)?)
    }

    /// The folder `path`, made with its parents where it is missing; `true` if it was.
    pub(in crate::build) fn folder(
        &self,
        path: &Path,
        metadata: Metadata,
    ) -> Result<(Entry, bool), UpperError> {
        match self.resolve(path)? {
            Found::Entry(entry) if entry.kind == Kind::Folder => Ok((self.reopen(&entry)?, false)),
            Found::Entry(entry) => Err(conflict(&entry.path, "folder", "file")),
            Found::Missing(path) => {
                let mut folder = self.view.root()?.ok_or(ViewError::NotAFolder(PathBuf::new()))?;
                for name in &path {
                    folder = match self.child(&folder, name)? {
                        Some(existing) => existing,
                        None => self.make_folder(&folder, name, metadata)?,
                    };
                }
                Ok((folder, true))
            }
        }
    }

    /// Makes sure that `folder`, which exists below, exists in the upper folder too.
    pub(in crate::build) fn reopen(&self, folder: &Entry) -> Result<Entry, UpperError> {
        let mut at = self.view.root()?.ok_or(ViewError::NotAFolder(PathBuf::new()))?;
        for name in &folder.path {
            let missing = || UpperError::View(ViewError::NotAFolder(folder.path.clone()));
            let below = self.child(&at, name)?.ok_or_else(missing)?;
            at = if self.has(&below.path) { below } else { self.raise(&at, &below)? };
        }
        Ok(at)
    }

    /// Makes a folder of the layers below again, as it is there.
    fn raise(&self, parent: &Entry, below: &Entry) -> Result<Entry, UpperError> {
        let name = below.path.file_name().unwrap_or_default();
        let opened = self.view.open(below)?;
        self.mkdir(&below.path)?;
        self.attributes(&opened, &below.path)?;
        self.finish(&below.path, Metadata::of(&below.stat))?;
        let raised = self.child(parent, name)?;
        raised.ok_or_else(|| ViewError::NotAFolder(below.path.clone()).into())
    }

    /// Makes a folder that is nowhere yet; `parent` is in the upper folder or raised to it.
    pub(in crate::build) fn make_folder(
        &self,
        parent: &Entry,
        name: &OsStr,
        metadata: Metadata,
    ) -> Result<Entry, UpperError> {
        let parent = self.reopen(parent)?;
        let path = parent.path.join(name);
        self.mkdir(&path)?;
        self.finish(&path, metadata)?;
        let made = self.child(&parent, name)?;
        made.ok_or_else(|| ViewError::NotAFolder(path).into())
    }

    /// Writes a regular file, in place of one that may be there.
    pub(in crate::build) fn file(
        &self,
        path: &Path,
        mut content: impl io::Read,
        metadata: Metadata,
    ) -> Result<(), UpperError> {
        let mut file = self.create(path)?;
        io::copy(&mut content, &mut file).map_err(write_error(path))?;
        self.finish(path, metadata)
    }

    /// Copies a regular file with its attributes; the kernel shares the blocks where it can.
    pub(in crate::build) fn copy(
        &self,
        path: &Path,
        mut from: File,
        metadata: Metadata,
    ) -> Result<(), UpperError> {
        let mut file = self.create(path)?;
        io::copy(&mut from, &mut file).map_err(write_error(path))?;
        // A change of owner drops file capabilities (capabilities(7)), so they come after it.
        self.finish(path, metadata)?;
        copy_attributes(&from, &file).map_err(write_error(path))
    }

    /// Makes a symbolic link.
    pub(in crate::build) fn link(
        &self,
        path: &Path,
        target: &Path,
        metadata: Metadata,
    ) -> Result<(), UpperError> {
        self.clear(path)?;
        symlink(target, self.root.join(path)).map_err(write_error(path))?;
        self.own(path, metadata.owner)?;
        self.stamp(path, metadata)
    }

    /// Makes `path` another name of `first`, a file written before.
    pub(in crate::build) fn hard_link(&self, path: &Path, first: &Path) -> Result<(), UpperError> {
        self.clear(path)?;
        fs::hard_link(self.root.join(first), self.root.join(path)).map_err(write_error(path))
    }

    /// Makes a pipe or device.
    pub(in crate::build) fn node(
        &self,
        path: &Path,
        stat: &FileStat,
        metadata: Metadata,
    ) -> Result<(), UpperError> {
        self.clear(path)?;
        let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
        mknod(&self.root.join(path), kind, Mode::empty(), stat.st_rdev).map_err(errno_error(path))?;
        self.finish(path, metadata)
    }

    /// Hides what the layers below have at `path`.
    pub(in crate::build) fn remove(&self, path: &Path) -> Result<(), UpperError> {
        if let Found::Entry(parent) = self.resolve(path.parent().unwrap_or(Path::new("")))? {
            self.reopen(&parent)?;
        }
        self.clear(path)?;
        mknod(&self.root.join(path), SFlag::S_IFCHR, Mode::empty(), 0).map_err(errno_error(path))
    }

    /// Gives a file or folder its owner, mode and time, in this order: chown clears set-id bits.
    pub(in crate::build) fn finish(&self, path: &Path, metadata: Metadata) -> Result<(), UpperError> {
        self.own(path, metadata.owner)?;
        let permissions = Permissions::from_mode(metadata.mode);
        fs::set_permissions(self.root.join(path), permissions).map_err(write_error(path))?;
        self.stamp(path, metadata)
    }

    /// Copies the attributes of the open folder `from`.
    pub(in crate::build) fn attributes(&self, from: &File, path: &Path) -> Result<(), UpperError> {
        let to = File::open(self.root.join(path)).map_err(write_error(path))?;
        copy_attributes(from, &to).map_err(write_error(path))
    }

    /// Sets the modification time of something, a link not followed.
    pub(in crate::build) fn stamp(&self, path: &Path, metadata: Metadata) -> Result<(), UpperError> {
        let Some(modified) = metadata.modified else { return Ok(()) };
        let full = self.root.join(path);
        utimensat(AT_FDCWD, &full, &TimeSpec::UTIME_OMIT, &modified, UtimensatFlags::NoFollowSymlink)
            .map_err(errno_error(path))
    }

    fn own(&self, path: &Path, owner: Owner) -> Result<(), UpperError> {
        let (uid, gid) = (Uid::from_raw(owner.uid), Gid::from_raw(owner.gid));
        fchownat(AT_FDCWD, &self.root.join(path), Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(errno_error(path))
    }

    fn has(&self, path: &Path) -> bool {
        fs::symlink_metadata(self.root.join(path)).is_ok()
    }

    fn mkdir(&self, path: &Path) -> Result<(), UpperError> {
        DirBuilder::new().mode(0o700).create(self.root.join(path)).map_err(write_error(path))
    }

    fn create(&self, path: &Path) -> Result<File, UpperError> {
        self.clear(path)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        options.open(self.root.join(path)).map_err(write_error(path))
    }

    /// Removes what this layer already has at `path`; what is below is hidden by what comes.
    fn clear(&self, path: &Path) -> Result<(), UpperError> {
        match fs::remove_file(self.root.join(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write_error(path)(error)),
            _ => Ok(()),
        }
    }
}

/// Says what was to be put where something else is.
pub(in crate::build) fn conflict(path: &Path, new: &'static str, old: &'static str) -> UpperError {
    UpperError::Conflict { path: Path::new("/").join(path), new, old }
}

fn write_error(path: &Path) -> impl FnOnce(io::Error) -> UpperError + use<> {
    let path = Path::new("/").join(path);
    move |source| UpperError::Write { path, source }
}

fn errno_error(path: &Path) -> impl FnOnce(Errno) -> UpperError + use<> {
    let fail = write_error(path);
    move |errno| fail(errno.into())
}
