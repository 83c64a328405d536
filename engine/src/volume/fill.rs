//! Filling a new volume with what its image has at the place where it is mounted.
//!
//! The copy is made beside the data and renamed into its place when complete, so a volume is never
//! half filled. The image is hostile: the folder is opened inside its root, and links are copied, not
//! followed.

use super::attach::is_attached;
use super::is_empty;
use crate::runtime::rootfs::Root;
use crate::state::Layout;
use crate::sys::{Carrier, set_xattr, xattr, xattr_names};
use engine_spec::VolumeName;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, Flock, FlockArg, OFlag};
use nix::sys::stat::{Mode, SFlag, UtimensatFlags, mknod, utimensat};
use nix::sys::time::TimeSpec;
use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{MetadataExt, lchown, symlink};
use std::path::{Path, PathBuf};

/// A volume could not be filled from its image.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// The volume's folder could not be made or replaced.
    #[error("cannot prepare the volume folder {path}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of the image could not be copied.
    #[error("cannot copy {path} of the image into the volume")]
    Copy {
        /// Its path below the mount's target.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Fills the volume at `data` with the image's folder `target`, unless something is in it already.
///
/// An image without that folder leaves the volume empty.
pub(crate) fn fill(layout: &Layout, name: &VolumeName, image: &Root, target: &Path) -> Result<(), FillError> {
    let data = super::data(layout, name);
    let folder = |source| FillError::Folder { path: data.clone(), source };
    let parent = File::open(data.parent().unwrap_or(Path::new("/"))).map_err(folder)?;
    // Two containers may use a new volume at the same time.
    let _guard = Flock::lock(parent, FlockArg::LockExclusive).map_err(|(_, errno)| folder(errno.into()))?;
    if !is_empty(&data).map_err(folder)? {
        return Ok(());
    }
    if is_attached(layout, name) {
        // Nothing can be renamed into the place of a mount.
        return copy_folder(image, target, &data);
    }
    let copy = data.with_extension("new");
    super::absent(fs::remove_dir_all(&copy)).map_err(folder)?;
    fs::create_dir(&copy).map_err(folder)?;
    copy_folder(image, target, &copy)?;
    fs::rename(&copy, &data).map_err(folder)
}

/// Makes the folder of a volume that is not filled.
pub(crate) fn make_data(data: &Path) -> Result<(), FillError> {
    match fs::create_dir(data) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(|source| FillError::Folder { path: data.to_owned(), source }),
    }
}

fn copy_folder(image: &Root, target: &Path, copy: &Path) -> Result<(), FillError> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let from = match image.open(target, flags) {
        Ok(from) => from,
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(()),
        Err(errno) => return Err(FillError::Copy { path: target.to_owned(), source: errno.into() }),
    };
    let from = PathBuf::from(format!("/proc/self/fd/{}/.", from.as_raw_fd()));
    let mut copier = Copier { from: &from, to: copy, links: BTreeMap::new() };
    copier.folder(Path::new(""))
}

/// Copies a tree of an image, which nobody changes meanwhile, so that what was seen to be a folder
/// still is one when it is entered.
struct Copier<'a> {
    from: &'a Path,
    to: &'a Path,
    /// Files with several links, which stay one file.
    links: BTreeMap<(u64, u64), PathBuf>,
}

impl Copier<'_> {
    /// Copies what is in a folder, then gives it the owner, mode and times of the original.
    fn folder(&mut self, path: &Path) -> Result<(), FillError> {
        let failed = |source| FillError::Copy { path: path.to_owned(), source };
        for entry in fs::read_dir(self.from.join(path)).map_err(failed)? {
            let path = path.join(entry.map_err(failed)?.file_name());
            let copied = self.entry(&path);
            let is_folder = copied.map_err(|source| FillError::Copy { path: path.clone(), source })?;
            if is_folder {
                self.folder(&path)?;
            }
        }
        let metadata = fs::symlink_metadata(self.from.join(path)).map_err(failed)?;
        finish(&self.to.join(path), &metadata).map_err(failed)
    }

    /// Copies one entry, a folder without its content; true for a folder.
    fn entry(&mut self, path: &Path) -> io::Result<bool> {
        let (from, to) = (self.from.join(path), self.to.join(path));
        let metadata = fs::symlink_metadata(&from)?;
        let kind = metadata.file_type();
        if kind.is_dir() {
            fs::create_dir(&to)?;
            return Ok(true);
        }
        if let Some(first) = self.first_link(path, &metadata) {
            fs::hard_link(self.to.join(first), &to)?;
            return Ok(false);
        }
        if kind.is_symlink() {
            symlink(fs::read_link(&from)?, &to)?;
            lchown(&to, Some(metadata.uid()), Some(metadata.gid()))?;
            return Ok(false);
        }
        if kind.is_file() {
            fs::copy(&from, &to)?;
        } else {
            let (kind, mode) = (SFlag::from_bits_truncate(metadata.mode()), Mode::empty());
            mknod(&to, kind & SFlag::S_IFMT, mode, metadata.rdev())?;
        }
        finish(&to, &metadata)?;
        if kind.is_file() {
            // Changing the owner has cleared the file's capabilities (capabilities(7)).
            copy_attributes(&from, &to)?;
        }
        Ok(false)
    }

    fn first_link(&mut self, path: &Path, metadata: &Metadata) -> Option<PathBuf> {
        if metadata.nlink() < 2 {
            return None;
        }
        let inode = (metadata.dev(), metadata.ino());
        let first = self.links.get(&inode).cloned();
        self.links.entry(inode).or_insert_with(|| path.to_owned());
        first
    }
}

/// Extended attributes: file capabilities and what programs keep there. The overlay's own are of our
/// layers, not of the image.
fn copy_attributes(from: &Path, to: &Path) -> io::Result<()> {
    const OVERLAY: &[u8] = b"trusted.overlay.";
    let (from, to) = (File::open(from)?, File::options().write(true).open(to)?);
    for name in xattr_names(Carrier::File(from.as_fd()))? {
        if !name.to_bytes().starts_with(OVERLAY) {
            set_xattr(Carrier::File(to.as_fd()), &name, &xattr(Carrier::File(from.as_fd()), &name)?)?;
        }
    }
    Ok(())
}

/// The mode comes after the owner, because changing the owner clears set-user-id bits (chown(2)).
fn finish(path: &Path, original: &Metadata) -> io::Result<()> {
    lchown(path, Some(original.uid()), Some(original.gid()))?;
    fs::set_permissions(path, original.permissions())?;
    let accessed = TimeSpec::new(original.atime(), original.atime_nsec());
    let modified = TimeSpec::new(original.mtime(), original.mtime_nsec());
    utimensat(AT_FDCWD, path, &accessed, &modified, UtimensatFlags::NoFollowSymlink)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_tree_is_copied_with_modes_links_and_times() {
        let base = std::env::temp_dir().join(format!("lighter-fill-{}", std::process::id()));
        let (from, to) = (base.join("from"), base.join("to"));
        fs::create_dir_all(from.join("etc/sub")).expect("created");
        fs::create_dir_all(&to).expect("created");
        fs::write(from.join("etc/sub/a"), "text").expect("written");
        fs::hard_link(from.join("etc/sub/a"), from.join("etc/b")).expect("linked");
        symlink("/outside", from.join("etc/link")).expect("linked");
        fs::set_permissions(from.join("etc/sub"), fs::Permissions::from_mode(0o2750)).expect("set");
        let mut copier = Copier { from: &from.join("etc"), to: &to, links: BTreeMap::new() };
        copier.folder(Path::new("")).expect("copied");

        assert_eq!(fs::read_to_string(to.join("b")).expect("read"), "text");
        assert_eq!(
            fs::metadata(to.join("b")).expect("read").ino(),
            fs::metadata(to.join("sub/a")).expect("read").ino()
        );
        assert_eq!(fs::read_link(to.join("link")).expect("read"), Path::new("/outside"));
        assert_eq!(fs::metadata(to.join("sub")).expect("read").mode() & 0o7777, 0o2750);
        fs::remove_dir_all(base).expect("removed");
    }
}
