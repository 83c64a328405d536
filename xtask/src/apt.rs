//! Debian packages: installed where the host needs the tool, else only unpacked.

use crate::program::Program;
use crate::workspace;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Whether the lists were fetched in this run: `Some(())` once they were.
static UPDATED: Mutex<bool> = Mutex::new(false);

/// Installs those of `packages` that are missing.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(", "));
    update()?;
    apt_get().args(["install", "--yes", "--no-install-recommends"]).args(missing).quiet()
}

/// Downloads `package` and unpacks it below `folder` without installing it; once.
pub(crate) fn unpack(package: &str, folder: &Path) -> Result<PathBuf> {
    let unpacked = folder.join(package);
    if unpacked.exists() {
        return Ok(unpacked);
    }
    println!("unpacking {package}");
    update()?;
    let downloads = folder.join(format!("{package}.download"));
    workspace::make_folder(&downloads)?;
    // As the user: apt drops to a user of its own only when it is root, and warns if that fails.
    Program::new("apt-get").args(["-q", "download", package]).folder(&downloads).quiet()?;
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

fn update() -> Result<()> {
    let mut updated = UPDATED.lock().expect("no holder panics");
    if !*updated {
        apt_get().arg("update").quiet()?;
        *updated = true;
    }
    Ok(())
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
