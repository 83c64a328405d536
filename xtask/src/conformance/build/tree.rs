//! The files of an image, its layers put together by the kernel's own overlay.

use crate::program::Program;
use crate::workspace;
use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Every file of the image that has `layers`, topmost first: a line each. `folder` is for the mount.
pub(super) fn lines(layers: &[PathBuf], folder: &Path) -> Result<Vec<String>> {
    let (merged, empty) = (folder.join("merged"), folder.join("empty"));
    workspace::make_folder(&merged)?;
    workspace::make_folder(&empty)?;
    // An overlay without an upper folder needs two lower ones, and none twice: what the upper of two equal
    // layers says covers all that the lower one says.
    let mut lowers: Vec<String> = Vec::new();
    for layer in layers.iter().map(PathBuf::as_path).chain([empty.as_path()]) {
        let layer = layer.display().to_string();
        if !lowers.contains(&layer) {
            lowers.push(layer);
        }
    }
    let options = format!("ro,lowerdir={}", lowers.join(":"));
    Program::as_root("mount").args(["-t", "overlay", "-o", &options, "image"]).arg(&merged).quiet()?;
    let lines = read(&merged);
    Program::as_root("umount").arg(&merged).quiet()?;
    lines
}

fn read(root: &Path) -> Result<Vec<String>> {
    let attributes = extended_attributes(root)?;
    let mut lines = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let metadata = path.symlink_metadata()?;
            let own = attributes.get(&path).map(String::as_str).unwrap_or_default();
            let line = line(&path, &metadata)
                .with_context(|| format!("cannot read {} of an image", path.display()))?;
            lines.push(format!("/{} {line}{own}", path.strip_prefix(root)?.display()));
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    Ok(lines)
}

/// `file 0644 0:0 sha256`, `link 0777 0:0 -> target`, …
fn line(path: &Path, metadata: &Metadata) -> Result<String> {
    let kind = metadata.file_type();
    let (word, rest) = if kind.is_dir() {
        ("folder", String::new())
    } else if kind.is_symlink() {
        ("link", format!(" -> {}", fs::read_link(path)?.display()))
    } else if kind.is_file() {
        ("file", format!(" {} {}", metadata.len(), digest(&fs::read(path)?)))
    } else if kind.is_fifo() {
        ("fifo", String::new())
    } else if kind.is_socket() {
        ("socket", String::new())
    } else {
        ("device", format!(" {:x}", metadata.rdev()))
    };
    let (mode, owner, group) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
    Ok(format!("{word} {mode:04o} {owner}:{group}{rest}"))
}

/// As much of the digest as tells contents apart.
fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The extended attributes below `root`, by path.
fn extended_attributes(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let dump = Program::as_root("getfattr")
        .args([
            "--recursive",
            "--physical",
            "--no-dereference",
            "--dump",
            "--match=-",
            "--encoding=hex",
            "--absolute-names",
        ])
        .arg(root)
        .read()?;
    let mut attributes = BTreeMap::new();
    for paragraph in dump.split("\n\n") {
        let mut lines = paragraph.lines();
        let Some(path) = lines.next().and_then(|line| line.strip_prefix("# file: ")) else { continue };
        attributes.insert(PathBuf::from(path), lines.map(|line| format!(" {line}")).collect());
    }
    Ok(attributes)
}
