//! Several layers become one.
//!
//! Files of layers never change, so the new layer has them as further names of the same inodes.

use super::tree::attributes;
use crate::sys::{Carrier, set_xattr, xattr};
use std::ffi::{CStr, CString};
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// Marks a folder that hides those below it (kernel documentation, overlayfs.rst).
const OPAQUE: &CStr = c"trusted.overlay.opaque";

/// What becomes of the marks that hide files of the layers below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removals {
    /// They stay: the new layer lies on others.
    Stay,
    /// They have done what they were for: all that they hide is in the layers that become one.
    End,
}

/// Puts `layers`, topmost first, into the empty folder `tree` as one.
pub(crate) fn merge(layers: &[PathBuf], tree: &Path, removals: Removals) -> io::Result<()> {
    layers.iter().rev().try_for_each(|layer| put(layer, tree, removals))
}

/// Puts a folder of a layer over one of the layers below it.
fn put(from: &Path, to: &Path, removals: Removals) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let (metadata, below) = (entry.metadata()?, fs::symlink_metadata(&target).ok());
        if metadata.is_dir() {
            folder(&path, &target, below.as_ref())?;
            put(&path, &target, removals)?;
            finish(&path, &target, &metadata)?;
        } else {
            remove(&target, below.as_ref())?;
            if removals == Removals::Stay || !is_whiteout(&metadata) {
                fs::hard_link(&path, &target)?;
            }
        }
    }
    Ok(())
}

/// Makes a folder, which hides what is below the base if it replaces something here.
fn folder(from: &Path, to: &Path, below: Option<&Metadata>) -> io::Result<()> {
    let is_opaque = is_opaque(from)?;
    match below {
        Some(below) if below.is_dir() && !is_opaque => return Ok(()),
        below => remove(to, below)?,
    }
    fs::create_dir(to)?;
    if is_opaque || below.is_some() {
        set_xattr(Carrier::Path(&c_path(to)?), OPAQUE, b"y")?;
    }
    Ok(())
}

fn is_opaque(folder: &Path) -> io::Result<bool> {
    Ok(xattr(Carrier::Path(&c_path(folder)?), OPAQUE).is_ok_and(|value| value == b"y"))
}

/// A character device 0:0 (kernel documentation, overlayfs.rst).
fn is_whiteout(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

fn remove(path: &Path, what: Option<&Metadata>) -> io::Result<()> {
    match what {
        None => Ok(()),
        Some(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Some(_) => fs::remove_file(path),
    }
}

fn finish(from: &Path, to: &Path, metadata: &Metadata) -> io::Result<()> {
    let opened = File::open(to)?;
    chown(to, Some(metadata.uid()), Some(metadata.gid()))?;
    fs::set_permissions(to, Permissions::from_mode(metadata.mode() & 0o7777))?;
    let opened_from = File::open(from)?;
    for (name, value) in attributes(&opened_from)? {
        set_xattr(Carrier::File(opened.as_fd()), &CString::new(name)?, &value)?;
    }
    opened.set_modified(metadata.modified()?)
}
