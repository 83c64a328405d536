//! Debian packages: installed where the host needs the tool, else only unpacked.

use crate::program::Program;
use crate::workspace;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};

/// Installs those of `packages` that are missing.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(", "));
    with_lists(|| apt_get().args(["install", "--yes", "--no-install-recommends"]).args(&missing).quiet())
}

/// Downloads `package` and unpacks it below `folder` without installing it; once.
pub(crate) fn unpack(package: &str, folder: &Path) -> Result<PathBuf> {
    let unpacked = folder.join(package);
    if unpacked.exists() {
        return Ok(unpacked);
    }
    println!("unpacking {package}");
    let downloads = folder.join(format!("{package}.download"));
    workspace::make_folder(&downloads)?;
    // As the user: apt drops to a user of its own only when it is root, and warns if that fails.
    with_lists(|| Program::new("apt-get").args(["-q", "download", package]).folder(&downloads).quiet())?;
    let half = folder.join(format!("{package}.half"));
    Program::new("dpkg").arg("-x").arg(archive_in(&downloads)?).arg(&half).quiet()?;
    std::fs::rename(&half, &unpacked).with_context(|| format!("cannot make {}", unpacked.display()))?;
    std::fs::remove_dir_all(&downloads)?;
    Ok(unpacked)
}

fn archive_in(folder: &Path) -> Result<PathBuf> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            return Ok(path);
        }
    }
    bail!("apt-get download left no package in {}", folder.display())
}

/// Does `work`, and once more with fresh package lists if it fails: a new machine has none.
fn with_lists(work: impl Fn() -> Result<()>) -> Result<()> {
    work().or_else(|_| {
        apt_get().arg("update").quiet()?;
        work()
    })
}

fn apt_get() -> Program {
    Program::as_root("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args([
        "-q",
        "-o",
        "DPkg::Lock::Timeout=300",
    ])
}

fn is_installed(package: &str) -> bool {
    Program::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .read()
        .is_ok_and(|status| status == "installed")
}
