//! Mount points that exist only because something was mounted there: they must not become part of a
//! layer.

use super::StepMount;
use crate::runtime::rootfs::Root;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag};
use nix::sys::stat::{UtimensatFlags, fstat, utimensat};
use nix::sys::time::TimeSpec;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// What the launcher makes where an image lacks it, parents before what is in them.
const MOUNT_POINTS: [&str; 7] = ["dev", "proc", "sys", "etc", "etc/hostname", "etc/hosts", "etc/resolv.conf"];

/// The mount points that a root file system does not have yet.
#[derive(Debug)]
pub(super) struct Stubs {
    missing: Vec<PathBuf>,
    /// The folders they are made in, with their times before that.
    parents: Vec<(PathBuf, TimeSpec)>,
}

impl Stubs {
    /// Looks before anything is mounted.
    pub(super) fn missing_in(root: &Root, mounts: &[StepMount]) -> Self {
        let targets = mounts.iter().flat_map(|mount| with_parents(&mount.target));
        let mut stubs = Self { missing: Vec::new(), parents: Vec::new() };
        for path in MOUNT_POINTS.map(PathBuf::from).into_iter().chain(targets) {
            if !stubs.missing.contains(&path) && matches!(open(root, &path), Err(Errno::ENOENT)) {
                stubs.parents.extend(path.parent().and_then(|parent| modified(root, parent)));
                stubs.missing.push(path);
            }
        }
        stubs
    }

    /// Removes those from the upper folder that are still empty, and turns the clock of their folders back.
    pub(super) fn remove(&self, upper: &Path) -> io::Result<()> {
        for stub in self.missing.iter().rev() {
            let path = upper.join(stub);
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => remove_if_empty(&path)?,
                Ok(metadata) if metadata.is_file() && metadata.len() == 0 => fs::remove_file(&path)?,
                Err(error) if !is_absent(&error) => return Err(error),
                _ => {}
            }
        }
        for (folder, modified) in &self.parents {
            let path = upper.join(folder);
            match utimensat(AT_FDCWD, &path, &TimeSpec::UTIME_OMIT, modified, UtimensatFlags::NoFollowSymlink)
            {
                Err(errno) if !is_absent(&errno.into()) => return Err(errno.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A parent may have been removed, or replaced by a file, by the command.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A path below the root and all folders on the way, outermost first.
fn with_parents(target: &Path) -> Vec<PathBuf> {
    let relative = target.strip_prefix("/").unwrap_or(target);
    let mut paths: Vec<_> =
        relative.ancestors().filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned).collect();
    paths.reverse();
    paths
}

fn open(root: &Root, path: &Path) -> nix::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    root.open(path, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC)
}

fn modified(root: &Root, folder: &Path) -> Option<(PathBuf, TimeSpec)> {
    let stat = fstat(open(root, folder).ok()?).ok()?;
    Some((folder.to_owned(), TimeSpec::new(stat.st_mtime, stat.st_mtime_nsec)))
}

fn remove_if_empty(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_stub_goes_and_what_was_written_stays() {
        let upper = std::env::temp_dir().join(format!("lighter-stub-{}", std::process::id()));
        fs::create_dir_all(upper.join("etc")).expect("created");
        fs::create_dir_all(upper.join("proc")).expect("created");
        fs::write(upper.join("etc/hosts"), "").expect("written");
        fs::write(upper.join("etc/resolv.conf"), "nameserver ::1").expect("written");
        let missing = MOUNT_POINTS.iter().map(PathBuf::from).collect();
        Stubs { missing, parents: Vec::new() }.remove(&upper).expect("removed");
        let left: Vec<_> = fs::read_dir(upper.join("etc"))
            .expect("listed")
            .map(|entry| entry.expect("read").file_name())
            .collect();
        assert_eq!(left, ["resolv.conf"]);
        assert!(!upper.join("proc").exists());
        fs::remove_dir_all(upper).expect("removed");
    }
}
