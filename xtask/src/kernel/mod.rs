//! `cargo xtask test --kernel`: flask-redis and chosen end-to-end tests on Debian's own kernel, with cgroup v2 alone.
//!
//! ```text
//! tests/kernel/Dockerfile ── lighter build, export ─┐
//! Debian   linux-image (unpacked) ──────────────────┼─► ext4 disk ─► qemu ─► tests/kernel/init ─► serial line
//! scenarios (static), tests/kernel/tests.txt ───────┘                 │
//! seed registry on the host's loopback ◄──────────────────────────────┘
//! ```
//! The images of the stack come with the disk, those of the tests from the registry. The machine is
//! emulated, not virtualised: it takes minutes. Its result is written to docs/kernel.md.

mod disk;
mod machine;
mod report;

use crate::program::Program;
use crate::seed::{self, Registry};
use crate::{apt, build, workspace};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What emulates a machine and makes its disk.
const PACKAGES: [&str; 5] = ["qemu-system-x86", "busybox-static", "kmod", "cpio", "e2fsprogs"];
const KERNEL_PACKAGE: &str = "linux-image-amd64";
const PASSED: &str = "KERNEL TEST PASSED";

/// The verb; `build` makes the binary under test.
pub(crate) fn main(build: fn() -> Result<PathBuf>) -> Result<()> {
    apt::install(&PACKAGES)?;
    let folder = workspace::target().join("kernel");
    workspace::make_folder(&folder)?;
    let kernel = unpack_kernel(&folder)?;
    let (binary, tests) = (build()?, build::build_scenarios()?);
    let was_running = Registry::running(&seed::folder())?.is_some();
    let registry = seed::publish(&binary, &seed::prepare()?)?;
    let content = disk::Content { binary: &binary, tests: &tests, registry: &registry };
    let output =
        disk::make(&folder, &kernel, &content).and_then(|disk| machine::run(&kernel, &disk, &registry));
    if !was_running {
        Registry::stop(&seed::folder())?;
    }
    let output = output?;
    let passed = output.text.contains(PASSED);
    report::write(&kernel, &output, passed)?;
    if !passed {
        bail!("not all works on {}", kernel.release);
    }
    println!("all passed on {} within {:.0?}", kernel.release, output.duration);
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

    fn modules(&self) -> PathBuf {
        self.root.join("lib/modules").join(&self.release)
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

/// The names of the end-to-end tests that run on the machine.
pub(crate) fn tests() -> Result<BTreeSet<String>> {
    let list = scripts().join("tests.txt");
    let text = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let names = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(names.map(str::to_owned).collect())
}

fn stack() -> PathBuf {
    workspace::root().join("examples/flask-redis")
}

fn scripts() -> PathBuf {
    workspace::root().join("tests/kernel")
}
