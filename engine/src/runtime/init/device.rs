//! Device nodes, links and streams of a container.

use super::path::{Kind, ensure};
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::libc::dev_t;
use nix::sys::stat::{Mode, SFlag, fstat, makedev, mknodat};
use nix::unistd::{Gid, Uid, fchown, fchownat, symlinkat};
use oci_spec::runtime::{LinuxDevice, LinuxDeviceType};
use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

const NULL: dev_t = makedev(1, 3);
const DEFAULT_MODE: u32 = 0o666;

/// Makes a node, unless something is there already.
pub(super) fn create(root: BorrowedFd<'_>, device: &LinuxDevice) -> nix::Result<()> {
    let (folder, name) = place(root, device.path())?;
    let kind = match device.typ() {
        LinuxDeviceType::B => SFlag::S_IFBLK,
        LinuxDeviceType::C | LinuxDeviceType::U => SFlag::S_IFCHR,
        LinuxDeviceType::P => SFlag::S_IFIFO,
        LinuxDeviceType::A => return Err(Errno::EINVAL),
    };
    let mode = Mode::from_bits_truncate(device.file_mode().unwrap_or(DEFAULT_MODE));
    let number = |value: i64| u64::try_from(value).map_err(|_| Errno::EINVAL);
    match mknodat(&folder, name, kind, mode, makedev(number(device.major())?, number(device.minor())?)) {
        Err(Errno::EEXIST) => return Ok(()),
        made => made?,
    }
    match (device.uid().unwrap_or(0), device.gid().unwrap_or(0)) {
        (0, 0) => Ok(()),
        (uid, gid) => {
            let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
            fchownat(&folder, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW)
        }
    }
}

/// Makes a link, unless something is there already.
pub(super) fn link(root: BorrowedFd<'_>, path: &Path, target: &str) -> nix::Result<()> {
    let (folder, name) = place(root, path)?;
    match symlinkat(target, &folder, name) {
        Err(Errno::EEXIST) => Ok(()),
        made => made,
    }
}

fn place<'a>(root: BorrowedFd<'_>, path: &'a Path) -> nix::Result<(OwnedFd, &'a OsStr)> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(Errno::EINVAL) };
    Ok((ensure(root, parent, Kind::Folder)?, name))
}

/// Makes a standard stream the user's, as runc does. The null device stays as it is.
pub(super) fn give_stream(stream: BorrowedFd<'_>, user: Uid) -> nix::Result<()> {
    let stat = fstat(stream)?;
    if stat.st_uid == user.as_raw() || is_null(&stat) {
        return Ok(());
    }
    match fchown(stream, Some(user), None) {
        // Sockets and files of read-only or foreign file systems have no owner to change.
        Err(Errno::EINVAL | Errno::EPERM | Errno::EROFS) => Ok(()),
        given => given,
    }
}

/// Whether `stat` is of the null device.
pub(super) fn is_null(stat: &nix::sys::stat::FileStat) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFCHR && stat.st_rdev == NULL
}
