//! `cargo xtask test --kernel`: flask-redis on Debian's own kernel, with cgroup v2 alone.
//!
//! ```text
//! host     lighter build + pull ──► store ─┐
//! Debian   linux-image (unpacked) ─────────┼─► ext4 disk ─► qemu ─► tests/kernel/init ─► serial line
//!          busybox-static ─────────────────┘
//! ```
//! The machine has no network, so the images come with the disk. It is emulated, not virtualised: it
//! may take minutes. Its result is written to docs/kernel.md.

mod disk;
mod machine;
mod report;

use crate::program::Program;
use crate::seed::{self, Registry};
use crate::{apt, build, workspace};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};

/// What emulates a machine and makes its disk.
const PACKAGES: [&str; 5] = ["qemu-system-x86", "busybox-static", "kmod", "cpio", "e2fsprogs"];
const KERNEL_PACKAGE: &str = "linux-image-amd64";
const PASSED: &str = "KERNEL TEST PASSED";

/// The verb.
pub(crate) fn main() -> Result<()> {
    apt::install(&PACKAGES)?;
    let folder = workspace::target().join("kernel");
    workspace::make_folder(&folder)?;
    let kernel = unpack_kernel(&folder)?;
    let binary = build::build()?;
    let store = fill_store(&binary, &folder)?;
    let disk = disk::make(&folder, &kernel, &disk::Content { binary: &binary, store: &store })?;
    let output = machine::run(&kernel, &disk)?;
    let passed = output.text.contains(PASSED);
    report::write(&kernel, &output, passed)?;
    if !passed {
        bail!("the stack does not run on {}", kernel.release);
    }
    println!("flask-redis ran on {} within {:.0?}", kernel.release, output.duration);
    Ok(())
}

/// A kernel with its modules, unpacked.
pub(crate) struct Kernel {
    /// What `uname -r` says on it.
    release: String,
    /// Where its package was unpacked.
    root: PathBuf,
}

impl Kernel {
    fn image(&self) -> PathBuf {
        self.root.join("boot").join(format!("vmlinuz-{}", self.release))
    }
}

/// The meta package names the real one, whose name ends with the release.
fn unpack_kernel(folder: &Path) -> Result<Kernel> {
    let depends = Program::new("apt-cache").args(["depends", KERNEL_PACKAGE]).read()?;
    let package = depends.lines().find_map(|line| line.trim().strip_prefix("Depends: linux-image-"));
    let release = package.with_context(|| format!("{KERNEL_PACKAGE} depends on no kernel:\n{depends}"))?;
    let root = apt::unpack(&format!("linux-image-{release}"), folder)?;
    Ok(Kernel { release: release.to_owned(), root })
}

/// A data folder that holds every image of the stack.
fn fill_store(binary: &Path, folder: &Path) -> Result<PathBuf> {
    let was_running = Registry::running(&seed::folder())?.is_some();
    let registry = seed::publish(binary, &seed::prepare()?)?;
    let root = folder.join("root");
    let lighter = || {
        Program::as_root(binary)
            .env("LIGHTER_ROOT", &root)
            .env("LIGHTER_REGISTRY_MIRROR", registry.address.to_string())
            .folder(stack())
    };
    lighter().arg("build").quiet()?;
    lighter().args(["pull", "redis-server"]).quiet()?;
    if !was_running {
        Registry::stop(&seed::folder())?;
    }
    Ok(root.join("lib"))
}

fn stack() -> PathBuf {
    workspace::root().join("examples/flask-redis")
}

fn scripts() -> PathBuf {
    workspace::root().join("tests/kernel")
}
