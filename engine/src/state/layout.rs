//! Where everything lies on disk.
//!
//! ```text
//! data  /var/lib/lighter            run  /run/lighter
//!   content/<algo>/<hex>              boot-id
//!   images/                           locks/<name>
//!   layers/<hex>/                     containers/<id>/   status, control socket, pipes
//!   build/                            networks/<name>/   endpoints, generation
//!   tmp/                              volumes/<name>/    who uses it while it is mounted
//!   volumes/<name>/
//!   networks/<name>/
//!   containers/<id>/
//!   names/<container> -> <id>
//!   events/<project>
//! ```
//! `LIGHTER_ROOT` moves both: `$LIGHTER_ROOT/lib` and `$LIGHTER_ROOT/run`.

use engine_spec::{ContainerId, ContainerName, Digest, NetworkName, VolumeName};
use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const DATA: &str = "/var/lib/lighter";
const RUN: &str = "/run/lighter";
const INSTANCE: &str = "lighter";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// Folders that may be passed through but not listed.
const PATH_MODE: u32 = 0o711;
/// Folders whose content is the engine's alone.
const PRIVATE_MODE: u32 = 0o700;

/// The engine's folders could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A folder could not be made.
    #[error("cannot create the folder {path}")]
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What the last boot left under the run folder could not be removed.
    #[error("cannot drop the state of an earlier boot in {path}")]
    DropStale {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The kernel's boot id could not be read or kept.
    #[error("cannot read or keep the boot id in {path}")]
    BootId {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The folders of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: Option<PathBuf>,
    data: PathBuf,
    run: PathBuf,
    instance: String,
}

impl Layout {
    /// The installation below `root`, or the machine's own.
    #[must_use]
    pub fn from_root(root: Option<&Path>) -> Self {
        match root {
            Some(root) => Self::at(root),
            None => Self { root: None, data: DATA.into(), run: RUN.into(), instance: INSTANCE.into() },
        }
    }

    /// The installation below `root`.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        let hash = Sha256::digest(root.as_os_str().as_encoded_bytes());
        let instance = format!("{INSTANCE}-{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2]);
        Self { root: Some(root.to_owned()), data: root.join("lib"), run: root.join("run"), instance }
    }

    /// Makes the folders, and drops what is left of an earlier boot.
    ///
    /// # Errors
    /// Names the folder that could not be made or emptied.
    pub fn prepare(&self) -> Result<(), LayoutError> {
        if self.is_of_this_boot()? {
            return Ok(());
        }
        self.drop_earlier_boot()?;
        for folder in [&self.data, &self.run, &self.layers(), &self.volumes(), &self.containers()] {
            create(folder, PATH_MODE)?;
        }
        for folder in ["content", "images", "build", "tmp", "networks", "names", "events"] {
            create(&self.data.join(folder), PRIVATE_MODE)?;
        }
        for folder in ["locks", "containers", "networks"] {
            create(&self.run.join(folder), PRIVATE_MODE)?;
        }
        let marker = self.boot_marker();
        let boot_id = read_boot_id(Path::new(BOOT_ID))?;
        fs::write(&marker, boot_id).map_err(|source| LayoutError::BootId { path: marker, source })
    }

    /// The marker is written last, so folders are complete where it matches.
    fn is_of_this_boot(&self) -> Result<bool, LayoutError> {
        match fs::read(self.boot_marker()) {
            Ok(marked) => Ok(marked == read_boot_id(Path::new(BOOT_ID))?),
            Err(_) => Ok(false),
        }
    }

    fn drop_earlier_boot(&self) -> Result<(), LayoutError> {
        if !self.boot_marker().exists() {
            return Ok(());
        }
        match fs::remove_dir_all(&self.run) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(LayoutError::DropStale { path: self.run.clone(), source })
            }
            _ => Ok(()),
        }
    }

    fn boot_marker(&self) -> PathBuf {
        self.run.join("boot-id")
    }

    /// `LIGHTER_ROOT` as a child process needs it; `None` for the machine's own installation.
    #[must_use]
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// What tells this installation's cgroups, tables and links from another's.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The folder of durable state.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The folder of volatile state.
    #[must_use]
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// A blob of the content store.
    #[must_use]
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.data.join("content").join(digest.algorithm()).join(digest.hex())
    }

    /// The folder of image records.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.data.join("images")
    }

    /// The folder of unpacked layers.
    #[must_use]
    pub fn layers(&self) -> PathBuf {
        self.data.join("layers")
    }

    /// An unpacked layer, by the digest of its uncompressed archive.
    #[must_use]
    pub fn layer(&self, diff_id: &Digest) -> PathBuf {
        self.layers().join(diff_id.hex())
    }

    /// The folder of build records.
    #[must_use]
    pub fn build(&self) -> PathBuf {
        self.data.join("build")
    }

    /// A folder on the file system of the layers, for what is renamed into place when complete.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.data.join("tmp")
    }

    /// The folder of container records.
    #[must_use]
    pub fn containers(&self) -> PathBuf {
        self.data.join("containers")
    }

    /// One container's durable folder.
    #[must_use]
    pub fn container(&self, id: &ContainerId) -> PathBuf {
        self.containers().join(id.as_str())
    }

    /// The folder of container names.
    #[must_use]
    pub fn names(&self) -> PathBuf {
        self.data.join("names")
    }

    /// A symbolic link whose text is the id of the container of that name.
    ///
    /// Making it fails if it exists: that is how a name is reserved.
    #[must_use]
    pub fn container_name(&self, name: &ContainerName) -> PathBuf {
        self.names().join(name.as_str())
    }

    /// The folder of network records.
    #[must_use]
    pub fn networks(&self) -> PathBuf {
        self.data.join("networks")
    }

    /// One network's durable folder.
    #[must_use]
    pub fn network(&self, name: &NetworkName) -> PathBuf {
        self.networks().join(name.as_str())
    }

    /// The folder of volumes.
    #[must_use]
    pub fn volumes(&self) -> PathBuf {
        self.data.join("volumes")
    }

    /// One volume's folder.
    #[must_use]
    pub fn volume(&self, name: &VolumeName) -> PathBuf {
        self.volumes().join(name.as_str())
    }

    /// The folder of the event log.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.data.join("events")
    }

    /// One container's volatile folder.
    #[must_use]
    pub fn run_container(&self, id: &ContainerId) -> PathBuf {
        self.run.join("containers").join(id.as_str())
    }

    /// Who uses a volume that is mounted.
    #[must_use]
    pub fn run_volume(&self, name: &VolumeName) -> PathBuf {
        self.run.join("volumes").join(name.as_str())
    }

    /// One network's volatile folder.
    #[must_use]
    pub fn run_network(&self, name: &NetworkName) -> PathBuf {
        self.run.join("networks").join(name.as_str())
    }

    /// A file to lock.
    #[must_use]
    pub fn lock(&self, name: &str) -> PathBuf {
        self.run.join("locks").join(name)
    }
}

fn create(path: &Path, mode: u32) -> Result<(), LayoutError> {
    let mut builder = DirBuilder::new();
    builder
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(|source| LayoutError::Create { path: path.to_owned(), source })
}

fn read_boot_id(path: &Path) -> Result<Vec<u8>, LayoutError> {
    fs::read(path).map_err(|source| LayoutError::BootId { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_roots_share_no_instance() {
        let first = Layout::at(Path::new("/tmp/a"));
        let second = Layout::at(Path::new("/tmp/b"));
        assert_ne!(first.instance(), second.instance());
        assert_eq!(Layout::from_root(None).instance(), "lighter");
    }

    #[test]
    fn prepare_drops_the_run_state_of_an_earlier_boot() {
        let root = std::env::temp_dir().join(format!("lighter-layout-{}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("prepared");
        let stale = layout.run().join("containers/stale");
        fs::create_dir(&stale).expect("created");
        layout.prepare().expect("prepared");
        assert!(stale.exists(), "state of this boot is kept");

        fs::write(layout.boot_marker(), "another boot").expect("written");
        layout.prepare().expect("prepared");
        assert!(!stale.exists(), "state of another boot is dropped");
        fs::remove_dir_all(&root).expect("removed");
    }
}
