//! Folders for tests, removed when the test ends.

use crate::sys::{Carrier, set_xattr};
use nix::sys::stat::{Mode, SFlag, mknod};
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of one test.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("lighter-build-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).expect("created");
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a folder with files of the given content.
    pub(super) fn tree(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = self.0.join(name);
        fs::create_dir_all(&root).expect("created");
        for (path, content) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("below the root")).expect("created");
            fs::write(path, content).expect("written");
        }
        root
    }

    pub(super) fn whiteout(&self, path: &Path) {
        mknod(path, SFlag::S_IFCHR, Mode::empty(), 0).expect("made");
    }

    pub(super) fn opaque(&self, path: &Path) {
        let path = CString::new(path.as_os_str().as_bytes()).expect("no NUL");
        set_xattr(Carrier::Path(&path), c"trusted.overlay.opaque", b"y").expect("set");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
