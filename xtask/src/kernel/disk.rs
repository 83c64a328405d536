//! What the machine boots from: an initramfs that mounts a disk, and the disk.

use super::{Kernel, scripts, stack};
use crate::program::Program;
use crate::workspace;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Room for the store and what the stack writes.
const SIZE: &str = "3G";
const BUSYBOX: &str = "/bin/busybox";

/// What comes from us.
pub(super) struct Content<'a> {
    /// The static binary.
    pub(super) binary: &'a Path,
    /// A data folder with the images.
    pub(super) store: &'a Path,
}

/// The two files.
pub(super) struct Disk {
    pub(super) initramfs: PathBuf,
    pub(super) image: PathBuf,
}

/// Makes both files anew.
pub(super) fn make(folder: &Path, kernel: &Kernel, content: &Content<'_>) -> Result<Disk> {
    Program::as_root("depmod").arg("-b").arg(&kernel.root).arg(&kernel.release).run()?;
    Ok(Disk { initramfs: make_initramfs(folder, kernel)?, image: make_image(folder, kernel, content)? })
}

fn make_initramfs(folder: &Path, kernel: &Kernel) -> Result<PathBuf> {
    let tree = fresh(folder, "initramfs")?;
    for path in ["bin", "dev", "lib/modules"] {
        workspace::make_folder(&tree.join(path))?;
    }
    copy(BUSYBOX, &tree.join("bin/busybox"))?;
    copy(scripts().join("initramfs"), &tree.join("init"))?;
    copy(kernel.root.join("lib/modules").join(&kernel.release), &tree.join("lib/modules"))?;
    let file = folder.join("initramfs.cpio");
    let pack = r#"cd "$1" && find . | cpio --quiet --create --format=newc > "$2""#;
    Program::as_root("sh").args(["-c", pack, "sh"]).arg(&tree).arg(&file).run()?;
    Ok(file)
}

fn make_image(folder: &Path, kernel: &Kernel, content: &Content<'_>) -> Result<PathBuf> {
    let tree = fresh(folder, "disk")?;
    for path in ["bin", "sbin", "dev", "proc", "sys", "run", "tmp", "etc", "lib/modules", "var/lib/lighter"] {
        workspace::make_folder(&tree.join(path))?;
    }
    copy(BUSYBOX, &tree.join("bin/busybox"))?;
    // The kernel loads what it lacks through this path.
    std::os::unix::fs::symlink("/bin/busybox", tree.join("sbin/modprobe"))?;
    copy(scripts().join("init"), &tree.join("init"))?;
    copy(content.binary, &tree.join("bin/lighter"))?;
    copy(stack(), &tree.join("stack"))?;
    copy(kernel.root.join("lib/modules").join(&kernel.release), &tree.join("lib/modules"))?;
    for part in ["content", "images", "layers"] {
        copy(content.store.join(part), &tree.join("var/lib/lighter"))?;
    }
    let image = folder.join("disk.ext4");
    workspace::remove_folder(&image)?;
    let make = Program::as_root("mke2fs").args(["-q", "-t", "ext4", "-d"]).arg(&tree);
    make.arg(&image).arg(SIZE).run()?;
    workspace::remove_folder(&tree)?;
    Ok(image)
}

fn fresh(folder: &Path, name: &str) -> Result<PathBuf> {
    let tree = folder.join(name);
    workspace::remove_folder(&tree)?;
    workspace::make_folder(&tree)?;
    Ok(tree)
}

/// With owners, devices and extended attributes: layers have all three.
fn copy(from: impl AsRef<Path>, to: &Path) -> Result<()> {
    Program::as_root("cp").args(["-a", "--reflink=auto"]).arg(from.as_ref()).arg(to).run()
}
