//! Extended attributes that belong to a file's content: users' own and file capabilities.
//!
//! Others are the host's affair (`security.selinux`) or overlayfs's (`trusted.overlay.*`), and must
//! never travel into a layer.

use crate::sys::{Carrier, set_xattr, xattr, xattr_names};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

/// The attributes that count, sorted by name.
pub(in crate::build) fn attributes(carrier: Carrier<'_>) -> io::Result<Vec<(CString, Vec<u8>)>> {
    let mut names = xattr_names(carrier)?;
    names.retain(|name| counts(name));
    names.sort();
    names
        .into_iter()
        .map(|name| xattr(carrier, &name).map(|value| (name, value)).map_err(io::Error::from))
        .collect()
}

/// Gives `to` the attributes of `from`; a file system without attributes keeps none.
pub(in crate::build) fn copy_attributes(from: &File, to: &File) -> io::Result<()> {
    for (name, value) in attributes(Carrier::File(from.as_fd()))? {
        match set_xattr(Carrier::File(to.as_fd()), &name, &value) {
            Ok(()) | Err(nix::errno::Errno::EOPNOTSUPP) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

fn counts(name: &CStr) -> bool {
    let name = name.to_bytes();
    name == b"security.capability" || (name.starts_with(b"user.") && !name.starts_with(b"user.overlay."))
}
