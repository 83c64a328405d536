//! Root file systems made of Debian packages, as tar archives for `lighter image import`.

use super::host::{Host, RELEASE};
use super::stamp::Stamp;
use crate::program::Program;
use crate::{apt, workspace};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// Changing the recipe makes the images anew.
const RECIPE: &str = include_str!("rootfs.rs");

/// What a slim Debian image leaves out; dpkg keeps it out of later installs too.
const SLIM: &str = "path-exclude /usr/share/doc/*\npath-include /usr/share/doc/*/copyright\n\
                    path-exclude /usr/share/man/*\npath-exclude /usr/share/info/*\n\
                    path-exclude /usr/share/locale/*\n";
const LEFT_OUT: [&str; 8] = [
    "etc/apt/sources.list",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
];
/// Folders that programs expect, empty though they are.
const KEPT_EMPTY: [&str; 4] =
    ["usr/share/man/man1", "var/cache/apt/archives/partial", "var/lib/apt/lists/partial", "var/log"];

/// An archive and what it was made from.
#[derive(Debug)]
pub(crate) struct Archive {
    /// The tar archive.
    pub(crate) file: PathBuf,
    /// The digest of what it was made from.
    pub(crate) stamp: Stamp,
}

/// The archives that images are imported from.
#[derive(Debug)]
pub(crate) struct RootFileSystems {
    /// A small Debian with the host's certificates and mirrors.
    pub(crate) debian: Archive,
    /// BusyBox alone.
    pub(crate) busybox: Archive,
}

/// Makes them below `folder`, or leaves them as they are if nothing has changed.
pub(crate) fn make(folder: &Path) -> Result<RootFileSystems> {
    let host = Host::read()?;
    let own: Vec<Vec<u8>> = host
        .files
        .iter()
        .map(|(path, content)| [path.as_os_str().as_encoded_bytes(), content].concat())
        .collect();
    let debian = Stamp::of(
        [RECIPE.as_bytes(), host.mirror.as_bytes()].into_iter().chain(own.iter().map(Vec::as_slice)),
    );
    let busybox = Stamp::of([RECIPE]);
    Ok(RootFileSystems {
        debian: archive(folder, "debian", debian, |root| debian_root(root, folder, &host))?,
        busybox: archive(folder, "busybox", busybox, |root| busybox_root(root, folder))?,
    })
}

/// The archive of the root file system that `fill` makes.
fn archive(
    folder: &Path,
    name: &str,
    stamp: Stamp,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<Archive> {
    let file = folder.join(format!("{name}.tar"));
    let stamp_name = format!("{name}.tar");
    if !(file.exists() && stamp.is_current(folder, &stamp_name)?) {
        println!("making the root file system of {name}");
        let root = folder.join(format!("{name}.root"));
        workspace::remove_folder(&root)?;
        workspace::make_folder(&root)?;
        fill(&root).with_context(|| format!("cannot make the root file system of {name}"))?;
        pack(&root, &file)?;
        workspace::remove_folder(&root)?;
        stamp.put(folder, &stamp_name)?;
    }
    Ok(Archive { file, stamp })
}

fn debian_root(root: &Path, folder: &Path, host: &Host) -> Result<()> {
    let mut debootstrap = Program::as_root("/usr/sbin/debootstrap")
        .args(["--variant=minbase", "--include=ca-certificates", RELEASE])
        .arg(root)
        .arg(&host.mirror);
    for (name, value) in &host.proxies {
        debootstrap = debootstrap.env(name, value);
    }
    debootstrap.quiet()?;
    let paths = |names: &[&str]| names.iter().map(|name| root.join(name)).collect::<Vec<_>>();
    Program::as_root("rm").arg("-rf").args(paths(&LEFT_OUT)).run()?;
    Program::as_root("mkdir").arg("-p").args(paths(&KEPT_EMPTY)).run()?;
    copy_over(&host_files(folder, host)?, root)
}

/// A folder with the host's own files, laid out as in a root file system.
fn host_files(folder: &Path, host: &Host) -> Result<PathBuf> {
    let files = folder.join("host");
    workspace::remove_folder(&files)?;
    for (path, content) in &host.files {
        write(&files.join(path), content)?;
    }
    write(&files.join("etc/dpkg/dpkg.cfg.d/slim"), SLIM.as_bytes())?;
    Ok(files)
}

fn write(file: &Path, content: &[u8]) -> Result<()> {
    workspace::make_folder(file.parent().expect("a file lies in a folder"))?;
    std::fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}

fn copy_over(from: &Path, to: &Path) -> Result<()> {
    Program::as_root("cp").args(["--recursive", "--no-target-directory"]).arg(from).arg(to).run()
}

fn busybox_root(root: &Path, folder: &Path) -> Result<()> {
    let program = apt::unpack("busybox-static", folder)?.join("bin/busybox");
    for name in
        ["bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr/bin", "usr/sbin", "sbin", "var"]
    {
        workspace::make_folder(&root.join(name))?;
    }
    std::fs::copy(&program, root.join("bin/busybox"))?;
    let applets = Program::new(&program).arg("--list").read()?;
    for applet in applets.lines().filter(|applet| *applet != "busybox") {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(applet))?;
    }
    write(
        &root.join("etc/passwd"),
        b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    )?;
    write(&root.join("etc/group"), b"root:x:0:\nnogroup:x:65534:\n")?;
    Program::new("chmod").arg("1777").arg(root.join("tmp")).run()?;
    Program::as_root("chown").args(["-R", "0:0"]).arg(root).run()
}

fn pack(root: &Path, file: &Path) -> Result<()> {
    // The user made it, with a umask of any kind.
    let directory = ["--directory", "--owner=0", "--group=0", "--mode=0755"];
    Program::as_root("install").args(directory).arg(root).run()?;
    // The same root gives the same archive, and so the same image.
    Program::as_root("tar")
        .args(["--create", "--sort=name", "--numeric-owner", "--mtime=@0", "--file"])
        .arg(file)
        .arg("--directory")
        .arg(root)
        .arg(".")
        .run()
}
