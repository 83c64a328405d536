//! Mounts inside the container's root: made detached, attached to a descriptor of their target.

use super::path::{Kind, ensure};
use crate::runtime::launch::{MountPlan, Source};
use crate::runtime::rootfs::open_inside;
use crate::sys::mount::{Attributes, Depth, FileSystem, attach, clone_tree, map_owners, set_attributes};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag};
use nix::sched::{CloneFlags, setns};
use nix::sys::stat::{Mode, SFlag, fstat};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Makes the mount `plan` below `root`; `owners` is the user namespace of an idmapped one.
pub(super) fn perform(
    root: BorrowedFd<'_>,
    plan: &MountPlan,
    owners: Option<BorrowedFd<'_>>,
) -> nix::Result<()> {
    match &plan.source {
        Source::Bind { path, depth } => {
            let mount = clone_tree(AT_FDCWD, path.as_path(), *depth)?;
            owners.map_or(Ok(()), |owners| map_owners(mount.as_fd(), owners))?;
            bind(root, plan, mount)
        }
        Source::Foreign { namespace, path } => bind(root, plan, clone_foreign(namespace, path)?),
        Source::FileSystem { kind, name, parameters } => {
            let file_system = configure(kind, name.as_deref(), parameters)?;
            mount_new(root, plan, kind, file_system)
        }
        Source::CgroupV1 { folders } => control_groups(root, plan, folders),
    }
}

/// Only who is in a mount namespace may clone a mount of it, so this process is there for a moment.
fn clone_foreign(namespace: &Path, path: &Path) -> nix::Result<OwnedFd> {
    let open = |path: &Path| nix::fcntl::open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty());
    let own = open(Path::new("/proc/self/ns/mnt"))?;
    setns(open(namespace)?, CloneFlags::CLONE_NEWNS)?;
    let cloned = clone_tree(AT_FDCWD, path, Depth::Mount);
    setns(own, CloneFlags::CLONE_NEWNS)?;
    cloned
}

fn bind(root: BorrowedFd<'_>, plan: &MountPlan, mount: OwnedFd) -> nix::Result<()> {
    let kind = if is_folder(&mount)? { Kind::Folder } else { Kind::File };
    let target = ensure(root, &plan.target, kind)?;
    adjust(&mount, plan.attributes, plan.depth)?;
    attach(&mount, &target)
}

/// A mount's propagation may be meant for the whole tree where its flags are not, and must be set alone.
fn adjust(mount: &OwnedFd, attributes: Attributes, depth: Depth) -> nix::Result<()> {
    let propagation = attributes.propagation & !libc::MS_REC;
    if propagation != 0 {
        let tree = if attributes.propagation & libc::MS_REC != 0 { Depth::Tree } else { Depth::Mount };
        set_attributes(mount.as_fd(), Attributes { propagation, ..Attributes::default() }, tree)?;
    }
    if attributes.set | attributes.clear != 0 {
        set_attributes(mount.as_fd(), Attributes { propagation: 0, ..attributes }, depth)?;
    }
    Ok(())
}

fn configure(
    kind: &str,
    name: Option<&str>,
    parameters: &[(String, Option<String>)],
) -> nix::Result<FileSystem> {
    let file_system = FileSystem::open(kind)?;
    name.map_or(Ok(()), |name| file_system.set("source", name))?;
    for (key, value) in parameters {
        match value {
            Some(value) => file_system.set(key, value)?,
            None => file_system.set_flag(key)?,
        }
    }
    Ok(file_system)
}

fn mount_new(root: BorrowedFd<'_>, plan: &MountPlan, kind: &str, file_system: FileSystem) -> nix::Result<()> {
    let existing = open_target(root, plan, kind)?;
    if let Some(target) = existing.as_ref().filter(|_| kind == "tmpfs" && !plan.has_parameter("mode")) {
        // A folder of the image keeps its mode when memory is mounted over it, as with runc.
        file_system.set("mode", &format!("{:o}", fstat(target)?.st_mode & 0o7777))?;
    }
    let mount = file_system.mount(plan.attributes.set)?;
    let target = existing.map_or_else(|| ensure(root, &plan.target, Kind::Folder), Ok)?;
    attach(&mount, &target)
}

/// The target, if it exists. An image must not move /proc or /sys elsewhere by a link, because what is
/// masked and set there later is looked for by its path.
fn open_target(root: BorrowedFd<'_>, plan: &MountPlan, kind: &str) -> nix::Result<Option<OwnedFd>> {
    let flags = match kind {
        "proc" | "sysfs" => OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW,
        _ => OFlag::O_PATH | OFlag::O_DIRECTORY,
    };
    match open_inside(root, &plan.target, flags) {
        Err(Errno::ENOENT) => Ok(None),
        opened => opened.map(Some),
    }
}

/// A folder with the container's own group of each tree, as runc shows control groups v1.
fn control_groups(root: BorrowedFd<'_>, plan: &MountPlan, folders: &[(String, PathBuf)]) -> nix::Result<()> {
    let mode = ("mode".to_owned(), Some("755".to_owned()));
    let parent = configure("tmpfs", Some("tmpfs"), &[mode])?;
    let parent = parent.mount(plan.attributes.set & !libc::MOUNT_ATTR_RDONLY)?;
    attach(&parent, &ensure(root, &plan.target, Kind::Folder)?)?;
    for (name, folder) in folders {
        let group = clone_tree(AT_FDCWD, folder.as_path(), Depth::Mount)?;
        set_attributes(
            group.as_fd(),
            Attributes { propagation: libc::MS_PRIVATE, ..plan.attributes },
            Depth::Mount,
        )?;
        attach(&group, &ensure(parent.as_fd(), &Path::new("/").join(name), Kind::Folder)?)?;
    }
    let read_only =
        Attributes { set: plan.attributes.set & libc::MOUNT_ATTR_RDONLY, ..Attributes::default() };
    set_attributes(parent.as_fd(), read_only, Depth::Mount)
}

/// Makes `path` refuse writes, with everything mounted below it. Fine where it does not exist.
pub(super) fn make_read_only(root: BorrowedFd<'_>, path: &Path) -> nix::Result<()> {
    let target = match open_inside(root, path, OFlag::O_PATH) {
        Err(Errno::ENOENT) => return Ok(()),
        target => target?,
    };
    let clone = clone_tree(target.as_fd(), "", Depth::Tree)?;
    let read_only = Attributes { set: libc::MOUNT_ATTR_RDONLY, ..Attributes::default() };
    set_attributes(clone.as_fd(), read_only, Depth::Tree)?;
    attach(&clone, &target)
}

/// What hides paths: the null device over files, one empty folder over folders.
#[derive(Debug, Default)]
pub(super) struct Masks {
    empty: Option<OwnedFd>,
    null: Option<OwnedFd>,
}

impl Masks {
    /// Hides `path`. Fine where it does not exist.
    pub(super) fn cover(&mut self, root: BorrowedFd<'_>, path: &Path) -> nix::Result<()> {
        let target = match open_inside(root, path, OFlag::O_PATH) {
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(()),
            target => target?,
        };
        if is_folder(&target)? {
            self.cover_folder(&target)
        } else {
            attach(clone_tree(self.null(root)?, "", Depth::Mount)?, &target)
        }
    }

    /// The first empty folder is attached itself, the others are copies of it: before Linux 6.15 a
    /// mount that is attached nowhere cannot be copied.
    fn cover_folder(&mut self, target: &OwnedFd) -> nix::Result<()> {
        if let Some(empty) = &self.empty {
            return attach(clone_tree(empty.as_fd(), "", Depth::Mount)?, target);
        }
        let flags = libc::MOUNT_ATTR_RDONLY
            | libc::MOUNT_ATTR_NOSUID
            | libc::MOUNT_ATTR_NODEV
            | libc::MOUNT_ATTR_NOEXEC;
        let empty = configure("tmpfs", Some("tmpfs"), &[])?.mount(flags)?;
        attach(&empty, target)?;
        self.empty = Some(empty);
        Ok(())
    }

    /// The container's own null device, if it is one: a bind mount over /dev may have put anything there.
    fn null(&mut self, root: BorrowedFd<'_>) -> nix::Result<BorrowedFd<'_>> {
        if self.null.is_none() {
            let null = open_inside(root, Path::new("/dev/null"), OFlag::O_PATH | OFlag::O_NOFOLLOW)?;
            if !super::device::is_null(&fstat(&null)?) {
                return Err(Errno::ENXIO);
            }
            self.null = Some(null);
        }
        self.null.as_ref().map(AsFd::as_fd).ok_or(Errno::ENOENT)
    }
}

fn is_folder(file: &OwnedFd) -> nix::Result<bool> {
    Ok(SFlag::from_bits_truncate(fstat(file)?.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR)
}
