//! Owner, attributes, mode and times of what an archive makes.

use super::extract::Place;
use super::root::{at, c_at};
use super::tar::{Entry, Kind, Time};
use crate::sys::{Carrier, set_xattr};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchownat};
use std::ffi::{CString, OsStr};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, fchown};

/// Owner, attributes, mode, through a descriptor.
pub(super) fn set_metadata(file: &File, entry: &Entry) -> io::Result<()> {
    let (uid, gid) = owner(entry);
    fchown(file, Some(uid.as_raw()), Some(gid.as_raw()))?;
    set_xattrs(Carrier::File(file.as_fd()), entry)?;
    file.set_permissions(Permissions::from_mode(entry.mode))
}

/// The same for what cannot be opened: links, devices, pipes. Their times too.
pub(super) fn set_metadata_by_name(place: &Place<'_>, entry: &Entry) -> io::Result<()> {
    let (uid, gid) = owner(entry);
    let path = c_at(place.folder, place.name)?;
    fchownat(
        place.folder,
        OsStr::from_bytes(place.name),
        Some(uid),
        Some(gid),
        AtFlags::AT_SYMLINK_NOFOLLOW,
    )?;
    set_xattrs(Carrier::Path(&path), entry)?;
    if !matches!(entry.kind, Kind::Symlink(_)) {
        fs::set_permissions(at(place.folder, place.name), Permissions::from_mode(entry.mode))?;
    }
    let time = timespec(entry.modified);
    Ok(utimensat(AT_FDCWD, path.as_c_str(), &time, &time, UtimensatFlags::NoFollowSymlink)?)
}

/// Ids were checked before anything was made.
fn owner(entry: &Entry) -> (Uid, Gid) {
    let id = |id: u64| u32::try_from(id).expect("checked before");
    (Uid::from_raw(id(entry.uid)), Gid::from_raw(id(entry.gid)))
}

/// A file system without attributes of a user's own loses those; capabilities must not be lost.
fn set_xattrs(carrier: Carrier<'_>, entry: &Entry) -> io::Result<()> {
    for (name, value) in &entry.xattrs {
        let c_name = CString::new(name.as_slice())?;
        match set_xattr(carrier, &c_name, value) {
            Err(Errno::EOPNOTSUPP | Errno::EPERM) if !name.starts_with(b"security.capability") => {}
            result => result?,
        }
    }
    Ok(())
}

/// As the kernel has it.
pub(super) fn timespec(time: Time) -> TimeSpec {
    TimeSpec::new(time.seconds, time.nanoseconds.into())
}
