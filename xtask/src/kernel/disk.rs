//! What the machine boots from: an initramfs that mounts a disk, and the disk.

use super::{Kernel, scripts, stack};
use crate::program::Program;
use crate::seed::Registry;
use crate::workspace;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// Room for the store and what the stack and the tests write.
const SIZE: &str = "4G";
const BUSYBOX: &str = "/bin/busybox";

/// What comes from us.
pub(super) struct Content<'a> {
    /// The static binary.
    pub(super) binary: &'a Path,
    /// The end-to-end tests, static as well: the machine need not have our C library.
    pub(super) tests: &'a Path,
    /// Where the images come from.
    pub(super) registry: &'a Registry,
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
    copy(kernel.modules(), &tree.join("lib/modules"))?;
    let file = folder.join("initramfs.cpio");
    let pack = r#"cd "$1" && find . | cpio --quiet --create --format=newc > "$2""#;
    Program::as_root("sh").args(["-c", pack, "sh"]).arg(&tree).arg(&file).run()?;
    workspace::remove_folder(&tree)?;
    Ok(file)
}

fn make_image(folder: &Path, kernel: &Kernel, content: &Content<'_>) -> Result<PathBuf> {
    let tree = fresh(folder, "disk")?;
    let lighter = Lighter { content, root: folder.join("root") };
    lighter.export_machine(folder, &tree)?;
    let store = lighter.fill_store()?;
    for path in ["lib/modules", "tests", "var/lib/lighter"] {
        Program::as_root("mkdir").arg("-p").arg(tree.join(path)).run()?;
    }
    copy(scripts().join("init"), &tree.join("init"))?;
    copy(scripts().join("tests.txt"), &tree.join("tests/names"))?;
    copy(content.binary, &tree.join("bin/lighter"))?;
    copy(content.tests, &tree.join("tests/scenarios"))?;
    copy(stack(), &tree.join("stack"))?;
    copy(kernel.modules(), &tree.join("lib/modules"))?;
    for part in ["content", "images", "layers"] {
        copy(store.join(part), &tree.join("var/lib/lighter"))?;
    }
    let image = folder.join("disk.ext4");
    workspace::remove_folder(&image)?;
    let make = Program::as_root("mke2fs").args(["-q", "-t", "ext4", "-d"]).arg(&tree);
    make.arg(&image).arg(SIZE).run()?;
    workspace::remove_folder(&tree)?;
    Ok(image)
}

/// The binary under test, which makes its own surroundings too.
struct Lighter<'a> {
    content: &'a Content<'a>,
    root: PathBuf,
}

impl Lighter<'_> {
    fn program(&self, folder: PathBuf) -> Program {
        Program::as_root(self.content.binary)
            .env("LIGHTER_ROOT", &self.root)
            .env("LIGHTER_REGISTRY_MIRROR", self.content.registry.address.to_string())
            .folder(folder)
    }

    /// Builds the image of `tests/kernel/compose.yaml` and unpacks a container of it into `tree`.
    fn export_machine(&self, folder: &Path, tree: &Path) -> Result<()> {
        let archive = folder.join("machine.tar");
        let lighter = || self.program(scripts());
        lighter().args(["create", "--build", "--force-recreate"]).quiet()?;
        lighter().args(["export", "machine", "--output"]).arg(&archive).quiet()?;
        lighter().args(["down", "--timeout", "0"]).quiet()?;
        Program::as_root("tar")
            .arg("--extract")
            .arg("--file")
            .arg(&archive)
            .arg("--directory")
            .arg(tree)
            .run()?;
        std::fs::remove_file(&archive).with_context(|| format!("cannot remove {}", archive.display()))
    }

    /// A data folder that holds every image of the stack.
    fn fill_store(&self) -> Result<PathBuf> {
        self.program(stack()).arg("build").quiet()?;
        self.program(stack()).args(["pull", "redis-server"]).quiet()?;
        Ok(self.root.join("lib"))
    }
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
