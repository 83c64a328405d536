//! The times of a tree's files, where an image is to say nothing of when it was made.

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// Gives everything in `tree` that is younger than `latest` that time.
pub(in crate::build) fn clamp(tree: &Path, latest: SystemTime) -> io::Result<()> {
    let seconds = latest.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    clamp_to(tree, i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn clamp_to(path: &Path, latest: i64) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            clamp_to(&entry?.path(), latest)?;
        }
    }
    if (metadata.mtime(), metadata.mtime_nsec()) > (latest, 0) {
        let modified = TimeSpec::new(latest, 0);
        utimensat(AT_FDCWD, path, &TimeSpec::UTIME_OMIT, &modified, UtimensatFlags::NoFollowSymlink)?;
    }
    Ok(())
}
