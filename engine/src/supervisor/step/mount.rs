//! The mounts of a step, made ready in a mount namespace of the step's own process, so that they go
//! with it however it ends.

use super::{StepMount, StepSource};
use crate::runtime::rootfs::{Durability, Overlay, Root, RootfsError};
use crate::sys::mount::{Depth, FileSystem, attach, clone_tree};
use engine_spec::{BindOptions, MountSource, MountSpec, TmpfsOptions};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, SFlag, fstat};
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// The file of a secret in its own file system.
const SECRET: &str = "secret";

/// A mount of a step could not be made ready.
#[derive(Debug, thiserror::Error)]
pub(super) enum MountError {
    #[error("cannot mount {} for the build step", target.display())]
    Source {
        target: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot mount {} for the build step", target.display())]
    Layers {
        target: PathBuf,
        #[source]
        source: RootfsError,
    },
    #[error("cannot make a mount namespace for the build step")]
    Namespace(#[source] io::Error),
}

/// Makes every mount ready below `folder`, seen by nobody but this process and its children.
pub(super) fn prepare(mounts: &[StepMount], folder: &Path) -> Result<Vec<MountSpec>, MountError> {
    if mounts.is_empty() {
        return Ok(Vec::new());
    }
    separate().map_err(|errno| MountError::Namespace(errno.into()))?;
    let make = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    make.map_err(MountError::Namespace)?;
    let specs = mounts.iter().enumerate();
    specs.map(|(number, mount)| spec(mount, &folder.join(number.to_string()))).collect()
}

fn separate() -> nix::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let flags = MsFlags::MS_REC | MsFlags::MS_SLAVE;
    mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)
}

/// Detaches everything that [`prepare`] attached below `folder`, so that the folder can go.
pub(super) fn release(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        match umount2(&entry?.path(), MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
            // Nothing is attached there.
            Ok(()) | Err(Errno::EINVAL) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

fn spec(mount: &StepMount, place: &Path) -> Result<MountSpec, MountError> {
    let StepMount { target, source, is_read_only } = mount;
    let failed = |source: io::Error| MountError::Source { target: target.clone(), source };
    let source = match source {
        StepSource::Tmpfs { size } => {
            MountSource::Tmpfs { options: TmpfsOptions { size: *size, ..TmpfsOptions::default() } }
        }
        StepSource::Folder { root, path } => {
            let root = Root::from_mount(File::open(root).map_err(failed)?.into(), PathBuf::new());
            bind(&root, path, place).map_err(failed)?
        }
        StepSource::Layers { layers, scratch, path } => {
            let refused = |source| MountError::Layers { target: target.clone(), source };
            let root = overlay(layers, scratch).map_err(failed)?.mount().map_err(refused)?;
            let root = attached(&root, &place.with_extension("root")).map_err(failed)?;
            bind(&root, path, place).map_err(failed)?
        }
        StepSource::Secret { content, mode, uid, gid } => {
            secret(place, &content.0, (*mode, *uid, *gid)).map_err(failed)?
        }
    };
    Ok(MountSpec { target: target.clone(), source, read_only: *is_read_only })
}

fn overlay(layers: &[PathBuf], scratch: &Path) -> io::Result<Overlay> {
    let (upper, work, empty) = (scratch.join("upper"), scratch.join("work"), scratch.join("empty"));
    for folder in [&upper, &work, &empty] {
        DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    }
    let layers = if layers.is_empty() { vec![empty] } else { layers.to_vec() };
    Ok(Overlay { layers, upper, work, durability: Durability::Deferred })
}

/// The same file system at a path: before Linux 6.15 nothing below a detached mount can be cloned.
fn attached(root: &Root, place: &Path) -> io::Result<Root> {
    DirBuilder::new().mode(0o700).create(place)?;
    root.attach_at(place)?;
    Ok(Root::from_mount(File::open(place)?.into(), PathBuf::new()))
}

/// Attaches what lies at `path` in `root` at `place`: the mount is of what was found, whoever changes
/// the path meanwhile.
fn bind(root: &Root, path: &Path, place: &Path) -> io::Result<MountSource> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let found = root.open(path, OFlag::O_PATH | OFlag::O_CLOEXEC)?;
    let cloned = clone_tree(found.as_fd(), "", Depth::Mount)?;
    let kind = SFlag::from_bits_truncate(fstat(&found)?.st_mode) & SFlag::S_IFMT;
    attach_at(cloned, place, kind == SFlag::S_IFDIR)?;
    Ok(MountSource::Bind { path: place.to_owned(), options: BindOptions::default() })
}

fn attach_at(mount: OwnedFd, place: &Path, is_folder: bool) -> io::Result<()> {
    if is_folder {
        DirBuilder::new().mode(0o700).create(place)?;
    } else {
        File::create_new(place)?;
    }
    let target = open(place, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
    Ok(attach(mount, target)?)
}

/// A file system in memory with one file, in which nothing can be run.
fn secret(place: &Path, content: &[u8], (mode, uid, gid): (u32, u32, u32)) -> io::Result<MountSource> {
    let memory = FileSystem::open("tmpfs")?;
    memory.set("mode", "0755")?;
    let mounted = memory.mount(libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOEXEC)?;
    attach_at(mounted, place, true)?;
    let path = place.join(SECRET);
    let mut file = File::create_new(&path)?;
    file.write_all(content)?;
    fchown(&file, Some(uid), Some(gid))?;
    fs::set_permissions(&path, Permissions::from_mode(mode))?;
    Ok(MountSource::Bind { path, options: BindOptions::default() })
}
