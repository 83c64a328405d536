//! `--squash`: one layer of all that a build added to its base image.
//!
//! Files of layers never change, so the new layer has them as further names of the same inodes.

use crate::build::error::BuildError;
use crate::build::input::attribute::copy_attributes;
use crate::build::solve::Solver;
use crate::image::{Configuration, Staging};
use crate::sys::{Carrier, set_xattr, xattr};
use engine_spec::Digest;
use std::ffi::{CStr, CString};
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// Marks a folder that hides those below it (kernel documentation, overlayfs.rst).
const OPAQUE: &CStr = c"trusted.overlay.opaque";

impl Solver<'_> {
    /// Makes one layer of all that came after the base image.
    pub(in crate::build) fn squash(&self, configuration: &mut Configuration) -> Result<(), BuildError> {
        let own = self.shop.steps_of(self.id, |_| true);
        let is_own = |layer: &Digest| own.values().any(|record| record.layer.as_ref() == Some(layer));
        let base = configuration.diff_ids.iter().take_while(|layer| !is_own(layer)).count();
        if configuration.diff_ids.len() - base < 2 {
            return Ok(());
        }
        let added = configuration.diff_ids.split_off(base);
        let paths: Vec<PathBuf> = added.iter().rev().map(|layer| self.shop.layout.layer(layer)).collect();
        let staging = Staging::new(self.shop.layout)?;
        let tree = self.shop.store.stage_tree(&staging)?;
        flatten(&paths, &tree).map_err(BuildError::Squash)?;
        configuration.diff_ids.push(self.shop.store.commit_layer(&tree)?.diff_id);
        let mut layers = configuration.history.iter_mut().filter(|entry| !entry.empty_layer);
        layers.by_ref().take(base).for_each(drop);
        let count = added.len();
        layers.take(count - 1).for_each(|entry| entry.empty_layer = true);
        Ok(())
    }
}

/// Puts `layers`, topmost first, into the empty folder `tree` as one.
fn flatten(layers: &[PathBuf], tree: &Path) -> io::Result<()> {
    layers.iter().rev().try_for_each(|layer| merge(layer, tree))
}

/// Puts a folder of a layer over one of the layers below it.
fn merge(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let (metadata, below) = (entry.metadata()?, fs::symlink_metadata(&target).ok());
        if metadata.is_dir() {
            folder(&path, &target, below.as_ref())?;
            merge(&path, &target)?;
            finish(&path, &target, &metadata)?;
        } else {
            remove(&target, below.as_ref())?;
            fs::hard_link(&path, &target)?;
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
    copy_attributes(&File::open(from)?, &opened)?;
    opened.set_modified(metadata.modified()?)
}
