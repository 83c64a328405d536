//! A container's root file system: image layers below, its own changes on top (overlayfs).
//!
//! The overlay is mounted *detached*: it has no path until the container's init attaches it inside
//! its own mount namespace, so the host's mount table never shows it and nothing is left behind by
//! whoever is killed. Until then [`Root`] is a descriptor through which files of the image are read.

use crate::sys::mount::{Attributes, Depth, FileSystem, attach, clone_tree, set_attributes};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What an overlay is made of.
#[derive(Debug, Clone)]
pub struct Overlay {
    /// Read-only layers, topmost first.
    pub layers: Vec<PathBuf>,
    /// Where changes are kept.
    pub upper: PathBuf,
    /// An empty folder on the file system of `upper`, for overlayfs alone.
    pub work: PathBuf,
    /// What `fsync` inside means.
    pub durability: Durability,
}

/// What `fsync` inside a root file system means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// What it says: containers keep user data in their upper folder (a database without a volume).
    Honoured,
    /// Nothing (overlayfs `volatile`): for build steps, whose upper folder is thrown away unless the
    /// step succeeds and is then synced as a whole.
    Deferred,
}

/// A mounted root file system.
#[derive(Debug)]
pub struct Root {
    mount: OwnedFd,
    /// Where init attaches it inside its own mount namespace.
    mountpoint: PathBuf,
}

/// A root file system could not be mounted.
#[derive(Debug, thiserror::Error)]
pub enum RootfsError {
    /// A folder it is made of cannot be opened.
    #[error("cannot open {path}, a part of the root file system")]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The kernel refused the overlay.
    #[error("cannot mount the root file system at {upper}")]
    Mount {
        /// Its upper folder.
        upper: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Longest text `fsconfig(2)` takes, without its NUL.
const OPTION_MAX: usize = 255;

impl Overlay {
    /// Mounts it, visible to nobody but through the returned descriptor.
    ///
    /// # Errors
    /// Names the folder that is missing, or says why the kernel refused.
    pub fn mount(&self) -> Result<Root, RootfsError> {
        let refused = |errno: Errno| RootfsError::Mount { upper: self.upper.clone(), source: errno.into() };
        let mounted = match self.mount_by_options() {
            // Before Linux 6.5 there is no `lowerdir+`; a path may also be too long for it.
            Err(Errno::EINVAL | Errno::ENAMETOOLONG) => return self.mount_by_descriptors(refused),
            mounted => mounted,
        };
        // Overlayfs does not say which folder is missing, so each is looked at.
        let mount = mounted.map_err(|errno| self.missing().unwrap_or_else(|| refused(errno)))?;
        Ok(Root { mount, mountpoint: self.work.clone() })
    }

    /// One option per layer, so that neither their number nor the length of their paths together matters.
    fn mount_by_options(&self) -> nix::Result<OwnedFd> {
        let overlay = FileSystem::open("overlay")?;
        overlay.set("source", "overlay")?;
        for (key, value) in OPTIONS {
            overlay.set(key, value)?;
        }
        for layer in self.distinct_layers() {
            overlay.set("lowerdir+", option(layer)?)?;
        }
        overlay.set("upperdir", option(&self.upper)?)?;
        overlay.set("workdir", option(&self.work)?)?;
        if self.durability == Durability::Deferred {
            overlay.set_flag("volatile")?;
        }
        overlay.mount(0)
    }

    /// All layers in one option of `mount(2)`, which ends after one page: each is named by a descriptor,
    /// 17 bytes at most, so that 200 fit. The mount is attached for a moment to be opened as detached.
    fn mount_by_descriptors(&self, refused: impl Fn(Errno) -> RootfsError) -> Result<Root, RootfsError> {
        let layers = self.distinct_layers().map(|layer| open_folder(layer)).collect::<Result<Vec<_>, _>>()?;
        let (upper, work) = (open_folder(&self.upper)?, open_folder(&self.work)?);
        let name = |fd: &OwnedFd| format!("/proc/self/fd/{}", fd.as_raw_fd());
        let lower = layers.iter().map(name).collect::<Vec<_>>().join(":");
        let mut data = format!("lowerdir={lower},upperdir={},workdir={}", name(&upper), name(&work));
        for (key, value) in OPTIONS {
            data = format!("{data},{key}={value}");
        }
        if self.durability == Durability::Deferred {
            data.push_str(",volatile");
        }
        let (kind, flags) = (Some("overlay"), MsFlags::empty());
        mount(kind, &self.work, kind, flags, Some(data.as_str())).map_err(&refused)?;
        let cloned = clone_tree(AT_FDCWD, &self.work, Depth::Mount);
        umount2(&self.work, MntFlags::MNT_DETACH).map_err(&refused)?;
        Ok(Root { mount: cloned.map_err(&refused)?, mountpoint: self.work.clone() })
    }

    /// Each layer once, where it is topmost: two steps may make the same layer, which overlayfs refuses
    /// (ELOOP), and what the lower one shows or hides the upper one does too.
    fn distinct_layers(&self) -> impl Iterator<Item = &PathBuf> {
        let layers = self.layers.iter().enumerate();
        layers.filter(|(index, layer)| !self.layers[..*index].contains(layer)).map(|(_, layer)| layer)
    }

    fn missing(&self) -> Option<RootfsError> {
        let mut parts = self.layers.iter().chain([&self.upper, &self.work]);
        parts.find_map(|part| open_folder(part).err())
    }
}

/// What a folder committed as a layer must not depend on: the layers it was made over. A renamed
/// folder is copied instead of redirected, a changed mode copies the file's data too, and no handle
/// into lower layers is stored. The kernel's own defaults differ between distributions.
const OPTIONS: [(&str, &str); 3] = [("redirect_dir", "nofollow"), ("metacopy", "off"), ("index", "off")];

fn option(path: &Path) -> nix::Result<&str> {
    let text = path.to_str().ok_or(Errno::EINVAL)?;
    if text.len() > OPTION_MAX { Err(Errno::ENAMETOOLONG) } else { Ok(text) }
}

fn open_folder(path: &Path) -> Result<OwnedFd, RootfsError> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    open(path, flags, Mode::empty())
        .map_err(|errno| RootfsError::Open { path: path.to_owned(), source: errno.into() })
}

impl Root {
    /// A folder that is mounted already, such as a running container's `/proc/<pid>/root`, to look files up in.
    #[must_use]
    pub fn from_mount(mount: OwnedFd, mountpoint: PathBuf) -> Self {
        Self { mount, mountpoint }
    }

    /// Attaches it where its `work` folder is, in the mount namespace of this process.
    ///
    /// Overlayfs keeps that folder open and nobody looks at it by its path, so covering it hides nothing.
    pub(crate) fn attach(&self) -> nix::Result<()> {
        self.attach_at(&self.mountpoint)
    }

    /// Makes it refuse writes, before it is attached.
    pub(crate) fn refuse_writes(&self) -> nix::Result<()> {
        let read_only = Attributes { set: libc::MOUNT_ATTR_RDONLY, ..Attributes::default() };
        set_attributes(self.mount.as_fd(), read_only, Depth::Mount)
    }

    /// Where it is attached before the container enters it.
    pub(super) fn mountpoint(&self) -> &Path {
        &self.mountpoint
    }

    /// Attaches it at `path` in the mount namespace of this process.
    pub(crate) fn attach_at(&self, path: &Path) -> nix::Result<()> {
        attach(&self.mount, open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?)
    }

    /// Opens a file of it by a path that cannot leave it.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn open(&self, path: &Path, flags: OFlag) -> nix::Result<OwnedFd> {
        open_inside(self.as_fd(), path, flags)
    }
}

/// Opens `path` below `root` as a process would whose root folder it is, but following no magic link.
pub(super) fn open_inside(root: BorrowedFd<'_>, path: &Path, flags: OFlag) -> nix::Result<OwnedFd> {
    open_within(root, path, flags, ResolveFlag::RESOLVE_IN_ROOT)
}

/// Opens `path` from `folder` within `limit`, following no magic link.
pub(crate) fn open_within(
    folder: BorrowedFd<'_>,
    path: &Path,
    flags: OFlag,
    limit: ResolveFlag,
) -> nix::Result<OwnedFd> {
    let resolve = limit | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(resolve);
    loop {
        match openat2(folder, path, how) {
            // Something was renamed meanwhile, openat2(2).
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            opened => return opened,
        }
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.mount.as_fd()
    }
}
