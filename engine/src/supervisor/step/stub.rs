//! Mount points that exist only because something was mounted there: they must not become part of a
//! layer.

use crate::runtime::rootfs::Root;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the launcher makes where an image lacks it, parents before what is in them.
const MOUNT_POINTS: [&str; 7] = ["dev", "proc", "sys", "etc", "etc/hostname", "etc/hosts", "etc/resolv.conf"];

/// The mount points that a root file system does not have yet.
#[derive(Debug)]
pub(super) struct Stubs(Vec<PathBuf>);

impl Stubs {
    /// Looks before anything is mounted.
    pub(super) fn missing_in(root: &Root) -> Self {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let is_missing = |path: &Path| matches!(root.open(path, flags), Err(Errno::ENOENT));
        Self(MOUNT_POINTS.map(PathBuf::from).into_iter().filter(|path| is_missing(path)).collect())
    }

    /// Removes those from the upper folder that are still empty.
    pub(super) fn remove(&self, upper: &Path) -> io::Result<()> {
        for stub in self.0.iter().rev() {
            let path = upper.join(stub);
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => remove_if_empty(&path)?,
                Ok(metadata) if metadata.is_file() && metadata.len() == 0 => fs::remove_file(&path)?,
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
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
        Stubs(MOUNT_POINTS.iter().map(PathBuf::from).collect()).remove(&upper).expect("removed");
        let left: Vec<_> = fs::read_dir(upper.join("etc"))
            .expect("listed")
            .map(|entry| entry.expect("read").file_name())
            .collect();
        assert_eq!(left, ["resolv.conf"]);
        assert!(!upper.join("proc").exists());
        fs::remove_dir_all(upper).expect("removed");
    }
}
