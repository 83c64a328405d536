//! A file system of a test's own, with project quotas in force.

use crate::{Folder, host};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

/// What mkfs.xfs(8) wants at least is 300 MB.
const SIZE: u64 = 512 << 20;

/// An xfs in a file, mounted. It goes away with the value.
#[derive(Debug)]
pub struct QuotaDisk(Folder);

impl QuotaDisk {
    /// Makes one.
    ///
    /// # Panics
    /// Unless `require!(Root, ProjectQuota)` holds.
    #[must_use]
    pub fn new() -> Self {
        let disk = Self(Folder::new("disk"));
        let file = disk.0.path().join("file");
        File::create(&file).and_then(|file| file.set_len(SIZE)).expect("a sparse file can be made");
        fs::create_dir(disk.path()).expect("a folder can be made");
        let file = file.to_str().expect("text");
        host::run("mkfs.xfs", &["-q", file]);
        host::run("mount", &["-o", "loop,prjquota", file, disk.path().to_str().expect("text")]);
        disk
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.0.path().join("mounted")
    }
}

impl Default for QuotaDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for QuotaDisk {
    fn drop(&mut self) {
        // What cannot be unmounted is found by the snapshots of other tests.
        let _ = Command::new("umount").arg(self.path()).output();
    }
}
