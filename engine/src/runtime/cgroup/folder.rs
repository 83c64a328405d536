//! Control groups as folders: reading, writing and removing, with errors that name the file.

use super::CgroupError;
use nix::unistd::Pid;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long dying processes may take to leave; the kernel needs milliseconds.
const REMOVAL_DEADLINE: Duration = Duration::from_secs(5);
const REMOVAL_PAUSE: Duration = Duration::from_micros(500);

/// Tries to make a folder and its parent before giving up: another container's removal may take the
/// common parent away in between.
const CREATION_ATTEMPTS: u32 = 10;

pub(super) fn create(path: &Path) -> Result<(), CgroupError> {
    let mut created = fs::create_dir_all(path);
    for _ in 1..CREATION_ATTEMPTS {
        match created {
            Err(error) if error.kind() == io::ErrorKind::NotFound => created = fs::create_dir_all(path),
            created => return created.map_err(refused("create", path)),
        }
    }
    created.map_err(refused("create", path))
}

pub(super) fn write(path: &Path, value: &str) -> Result<(), CgroupError> {
    // The kernel takes one write as one value, so nothing may split it.
    let written =
        fs::OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(value.as_bytes()));
    written.map_err(refused(&format!("write `{value}` to"), path))
}

pub(super) fn read(path: &Path) -> Result<String, CgroupError> {
    fs::read_to_string(path).map_err(refused("read", path))
}

/// Adds the processes of `folder` and everything below it.
pub(super) fn collect_pids(folder: &Path, pids: &mut Vec<Pid>) -> Result<(), CgroupError> {
    let procs = folder.join("cgroup.procs");
    let text = match fs::read_to_string(&procs) {
        Err(error) if is_gone(&error) => return Ok(()),
        text => text.map_err(refused("read", &procs))?,
    };
    pids.extend(text.lines().filter_map(|line| line.parse().ok()).map(Pid::from_raw));
    subfolders(folder)?.iter().try_for_each(|subfolder| collect_pids(subfolder, pids))
}

/// Removes `folder` and everything below it as soon as the last process has left.
pub(super) fn remove(folder: &Path) -> Result<(), CgroupError> {
    let deadline = Instant::now() + REMOVAL_DEADLINE;
    loop {
        match remove_tree(folder) {
            Err(CgroupError::Refused { source, .. }) if source.kind() == io::ErrorKind::ResourceBusy => {}
            Err(error) => return Err(error),
            Ok(()) => break,
        }
        if Instant::now() > deadline {
            return Err(CgroupError::Busy { path: folder.to_owned() });
        }
        std::thread::sleep(REMOVAL_PAUSE);
    }
    prune(folder);
    Ok(())
}

/// Removes `folder` and its parent, the installation's; the kernel refuses while anybody is in them.
pub(super) fn prune(folder: &Path) {
    let _ = fs::remove_dir(folder);
    let _ = folder.parent().map(fs::remove_dir);
}

fn remove_tree(folder: &Path) -> Result<(), CgroupError> {
    match fs::remove_dir(folder) {
        Ok(()) => return Ok(()),
        Err(error) if is_gone(&error) => return Ok(()),
        Err(error) if error.kind() != io::ErrorKind::ResourceBusy => {
            return Err(refused("remove", folder)(error));
        }
        Err(_) => {}
    }
    for subfolder in subfolders(folder)? {
        remove_tree(&subfolder)?;
    }
    match fs::remove_dir(folder) {
        Err(error) if is_gone(&error) => Ok(()),
        removed => removed.map_err(refused("remove", folder)),
    }
}

fn subfolders(folder: &Path) -> Result<Vec<std::path::PathBuf>, CgroupError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_gone(&error) => return Ok(Vec::new()),
        entries => entries.map_err(refused("list", folder))?,
    };
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    Ok(entries.flatten().filter(is_folder).map(|entry| entry.path()).collect())
}

/// The folder may vanish at any moment, also while a file in it is open (`ENODEV`).
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ENODEV)
}

pub(super) fn refused(operation: &str, path: &Path) -> impl FnOnce(io::Error) -> CgroupError {
    let (operation, path) = (operation.to_owned(), path.to_owned());
    move |source| CgroupError::Refused { operation, path, source }
}
