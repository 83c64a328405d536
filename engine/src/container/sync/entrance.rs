//! The way to a container's files, kept open from change to change.

use super::change::{Step, bring_into_line, nearest};
use super::{Change, SyncError};
use crate::container::files::lookup::Owner;
use crate::container::root;
use crate::runtime::rootfs::{Root, RootfsError};
use crate::runtime::user::{self, UserError};
use crate::state::Layout;
use crate::state::container;
use crate::state::process::ProcessRef;
use crate::state::record::RecordError;
use crate::sys::mount::{Attributes, Depth, clone_tree, set_attributes};
use engine_spec::ContainerId;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, open};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::{Mode, fstat};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::OnceLock;

/// A way to the files of one container, as the container sees them.
#[derive(Debug)]
pub struct Entrance {
    root: Root,
    /// The process whose mounts these are; `None` for a container at rest.
    init: Option<ProcessRef>,
    /// Who owns what is written.
    owner: Owner,
    /// The root file system without its read-only flag, made when first needed.
    twin: OnceLock<Option<OwnedFd>>,
}

const WRITABLE: Attributes = Attributes { set: 0, clear: libc::MOUNT_ATTR_RDONLY, propagation: 0 };

/// A container whose files cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum EntranceError {
    /// It has been removed.
    #[error("no such container: {0}")]
    Gone(ContainerId),
    /// Its records cannot be read.
    #[error("cannot read what the container is")]
    Record(#[from] RecordError),
    /// Its root file system cannot be mounted.
    #[error("cannot mount the container's root file system")]
    Rootfs(#[from] RootfsError),
    /// It ended while its files were being reached.
    #[error("cannot reach the files of container {id}")]
    Open {
        /// Which.
        id: ContainerId,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its user is not known inside it.
    #[error("cannot tell who owns the container's files")]
    User(#[from] UserError),
}

impl Entrance {
    /// Opens the container's files: through its own mounts while it runs, else its root file system alone.
    ///
    /// # Errors
    /// Says what is missing.
    pub fn open(layout: &Layout, id: &ContainerId) -> Result<Self, EntranceError> {
        let record = container::load(layout, id)?.ok_or_else(|| EntranceError::Gone(id.clone()))?;
        let init = container::status(layout, id)?.init.filter(ProcessRef::is_alive);
        let root = match init {
            Some(init) => {
                root::of_process(init).map_err(|source| EntranceError::Open { id: id.clone(), source })?
            }
            None => root::overlay(layout, &record).mount()?,
        };
        let asked = record.spec.process.user.as_deref().or(record.image.user.as_deref()).unwrap_or_default();
        let found = user::resolve(&root, asked, &[])?;
        let owner = Owner { uid: found.uid, gid: found.gid };
        Ok(Self { root, init, owner, twin: OnceLock::new() })
    }

    /// Whether these are still the files that the container uses.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.init.is_some_and(|init| init.is_alive())
    }

    /// Brings one path into line.
    ///
    /// # Errors
    /// Says which path and why; nothing half-written is ever visible there.
    pub fn apply(&self, change: &Change<'_>) -> Result<(), SyncError> {
        let failed = match self.attempt(&self.root, change) {
            Err(Step { errno: Errno::EROFS, .. }) if self.is_on_root(change) => match self.writable_twin() {
                Some(twin) => self.attempt(twin, change),
                None => return Err(SyncError::ReadOnly { path: change.whole() }),
            },
            attempted => attempted,
        };
        failed.map_err(|step| step.explain(change))
    }

    /// Whether the file at `path`, reached as the container would, has these bytes and this mode.
    #[must_use]
    pub fn holds(&self, path: &Path, bytes: &[u8], mode: u32) -> bool {
        let Ok(file) = self.root.open(path, OFlag::O_RDONLY | OFlag::O_NONBLOCK) else { return false };
        let mut file = File::from(file);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let is_alike = file
            .metadata()
            .is_ok_and(|own| own.is_file() && own.len() == length && own.mode() & 0o7777 == mode);
        let mut own = Vec::with_capacity(bytes.len());
        is_alike && file.by_ref().take(length).read_to_end(&mut own).is_ok() && own == bytes
    }

    fn attempt(&self, root: &impl AsFd, change: &Change<'_>) -> Result<(), Step> {
        bring_into_line(root.as_fd(), change, self.owner)
    }

    /// Whether the change lies on the root file system and not on a mount below it.
    fn is_on_root(&self, change: &Change<'_>) -> bool {
        let nearest = nearest(self.root.as_fd(), &change.whole());
        nearest.is_ok_and(|nearest| device(nearest.as_fd()) == device(self.root.as_fd()))
    }

    /// A second mount of the same root file system that may be written to: read-only is a mount's
    /// property, and the file system below belongs to this container alone.
    fn writable_twin(&self) -> Option<&OwnedFd> {
        let make = || self.init.and_then(|init| clone_writable(init).ok());
        self.twin.get_or_init(make).as_ref()
    }
}

fn device(folder: BorrowedFd<'_>) -> Option<u64> {
    fstat(folder).map(|stat| stat.st_dev).ok()
}

/// Made by a thread inside the container's mount namespace, as a mount is cloned only from one's own.
fn clone_writable(init: ProcessRef) -> io::Result<OwnedFd> {
    let work = move || -> nix::Result<OwnedFd> {
        let path = format!("/proc/{}/ns/mnt", init.pid());
        let namespace = open(path.as_str(), OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
        // Before entering: inside, /proc shows the container's processes.
        if !init.is_alive() {
            return Err(Errno::ESRCH);
        }
        // Entering needs a root and a current folder that no other thread shares, setns(2).
        unshare(CloneFlags::CLONE_FS)?;
        setns(namespace, CloneFlags::CLONE_NEWNS)?;
        let twin = clone_tree(AT_FDCWD, Path::new("/"), Depth::Mount)?;
        set_attributes(twin.as_fd(), WRITABLE, Depth::Mount)?;
        Ok(twin)
    };
    let twin = std::thread::spawn(work).join().expect("the thread does not panic");
    Ok(twin?)
}
