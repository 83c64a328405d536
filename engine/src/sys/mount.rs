//! Mounting by descriptor (fsopen(2), open_tree(2), move_mount(2), mount_setattr(2)): a mount is made
//! and adjusted before it is attached anywhere, and its target is a descriptor, not a path.

use nix::errno::Errno;
use nix::{NixPath, Result};
use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Changes to a mount's attributes (`struct mount_attr`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `MOUNT_ATTR_*` to set.
    pub set: u64,
    /// `MOUNT_ATTR_*` to clear.
    pub clear: u64,
    /// One of `MS_SHARED`, `MS_SLAVE`, `MS_PRIVATE`, `MS_UNBINDABLE`, or 0 to leave it.
    pub propagation: u64,
}

// enum fsconfig_command, linux/mount.h.
const SET_FLAG: u32 = 0;
const SET_STRING: u32 = 1;
const CREATE: u32 = 6;

/// A file system being configured.
#[derive(Debug)]
pub struct FileSystem(OwnedFd);

impl FileSystem {
    /// Starts configuring a file system of type `kind`.
    ///
    /// # Errors
    /// `ENODEV` where the kernel has no such type.
    pub fn open(kind: &str) -> Result<Self> {
        let fd = kind.with_nix_path(|kind| {
            // SAFETY: `kind` is NUL-terminated and outlives the call.
            unsafe { libc::syscall(libc::SYS_fsopen, kind.as_ptr(), libc::FSOPEN_CLOEXEC) }
        })?;
        owned(fd).map(Self)
    }

    /// Sets `key` to `value` (255 bytes at most).
    ///
    /// # Errors
    /// `EINVAL` for a key or value that the type does not know.
    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        key.with_nix_path(|key| {
            value.with_nix_path(|value| self.configure(SET_STRING, Some(key), Some(value)))
        })??
    }

    /// Sets the flag `key`.
    ///
    /// # Errors
    /// `EINVAL` for a flag that the type does not know.
    pub fn set_flag(&self, key: &str) -> Result<()> {
        key.with_nix_path(|key| self.configure(SET_FLAG, Some(key), None))?
    }

    /// Makes the file system and a detached mount of it.
    ///
    /// # Errors
    /// What the file system's type says to the whole of its configuration.
    pub fn mount(self, attributes: u64) -> Result<OwnedFd> {
        self.configure(CREATE, None, None)?;
        // SAFETY: the call takes integers only.
        owned(unsafe {
            libc::syscall(libc::SYS_fsmount, self.0.as_raw_fd(), libc::FSMOUNT_CLOEXEC, attributes)
        })
    }

    fn configure(&self, command: u32, key: Option<&CStr>, value: Option<&CStr>) -> Result<()> {
        let pointer = |text: Option<&CStr>| text.map_or(std::ptr::null(), CStr::as_ptr);
        let fd = self.0.as_raw_fd();
        // SAFETY: both pointers are null, as CREATE and SET_FLAG want them, or NUL-terminated texts
        // that outlive the call.
        let result =
            unsafe { libc::syscall(libc::SYS_fsconfig, fd, command, pointer(key), pointer(value), 0) };
        Errno::result(result).map(drop)
    }
}

/// Whether mounts below the source are meant too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The mount alone.
    Mount,
    /// The mount and all below it.
    Tree,
}

/// Makes a detached copy of the mount at `path`, relative to `folder` (an empty path is `folder` itself).
///
/// # Errors
/// `ENOENT` where there is nothing at `path`.
pub fn clone_tree<P: ?Sized + NixPath>(folder: BorrowedFd<'_>, path: &P, depth: Depth) -> Result<OwnedFd> {
    let recursive = if depth == Depth::Tree { libc::AT_RECURSIVE } else { 0 };
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | (libc::AT_EMPTY_PATH | recursive) as u32;
    let fd = path.with_nix_path(|path| {
        // SAFETY: `path` is NUL-terminated and outlives the call.
        unsafe { libc::syscall(libc::SYS_open_tree, folder.as_raw_fd(), path.as_ptr(), flags) }
    })?;
    owned(fd)
}

/// Changes the attributes of a mount.
///
/// # Errors
/// `EINVAL` for attributes that contradict each other.
pub fn set_attributes(mount: BorrowedFd<'_>, attributes: Attributes, depth: Depth) -> Result<()> {
    let recursive = if depth == Depth::Tree { libc::AT_RECURSIVE } else { 0 };
    let attributes = libc::mount_attr {
        attr_set: attributes.set,
        attr_clr: attributes.clear,
        propagation: attributes.propagation,
        userns_fd: 0,
    };
    change(mount, &attributes, recursive)
}

fn change(mount: BorrowedFd<'_>, attributes: &libc::mount_attr, flags: libc::c_int) -> Result<()> {
    let fd = mount.as_raw_fd();
    // SAFETY: the path is an empty NUL-terminated text and `attributes` a live `mount_attr` of the size given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            fd,
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | flags,
            std::ptr::from_ref(attributes),
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(result).map(drop)
}

/// Makes a detached mount show owners as the ranges of a user namespace say.
///
/// # Errors
/// `EINVAL` for a file system that cannot, `EPERM` for the first user namespace or an attached mount.
pub fn map_owners(mount: BorrowedFd<'_>, user_namespace: BorrowedFd<'_>) -> Result<()> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: user_namespace.as_raw_fd() as u64,
    };
    change(mount, &attributes, 0)
}

/// Attaches a detached mount at the file or folder `target`.
///
/// # Errors
/// `ENOTDIR` where one is a folder and the other is not.
pub fn attach(mount: impl AsFd, target: impl AsFd) -> Result<()> {
    let (from, to) = (mount.as_fd().as_raw_fd(), target.as_fd().as_raw_fd());
    let flags = libc::MOVE_MOUNT_F_EMPTY_PATH | libc::MOVE_MOUNT_T_EMPTY_PATH;
    // SAFETY: both paths are empty NUL-terminated texts.
    let result = unsafe { libc::syscall(libc::SYS_move_mount, from, c"".as_ptr(), to, c"".as_ptr(), flags) };
    Errno::result(result).map(drop)
}

fn owned(result: libc::c_long) -> Result<OwnedFd> {
    let fd = Errno::result(result)?;
    // SAFETY: the call that returned `fd` made it, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}
