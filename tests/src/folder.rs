//! A folder of a test's own, which goes away with it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A folder that is removed when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes a folder whose name starts with `name`.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self::within(&std::env::temp_dir(), name)
    }

    /// Makes one whose files are on a disk, as those in `/tmp` may not be.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn on_disk(name: &str) -> Self {
        Self::within(Path::new("/var/tmp"), name)
    }

    /// Makes one below `parent`.
    pub(crate) fn within(parent: &Path, name: &str) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a test's folder can be made");
        Self(path)
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes `text` to the file `name`, with the folders it lies in.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let file = self.0.join(name);
        std::fs::create_dir_all(file.parent().expect("a file lies in a folder"))
            .expect("folders can be made");
        std::fs::write(file, text).expect("a test's file can be written");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is found by the snapshots, with a better message.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
