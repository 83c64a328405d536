//! Whether a container has a supervisor: a lock that the kernel drops with the process.
//!
//! The supervisor holds a record lock of its own process (`F_SETLK`), which its forked children do not
//! inherit. Others look with open file description locks, which conflict with it and are safe among
//! the threads of one process (fcntl_locking(2)).

use crate::container::folder::Folder;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The right to be the one who acts for a container; dropped with the file.
#[derive(Debug)]
pub(crate) struct Presence(#[expect(dead_code, reason = "held for its lock")] File);

/// What became of an attempt to act for a container.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Nobody else does.
    Taken(Presence),
    /// Its supervisor lives, or somebody repairs it.
    Held,
}

impl Presence {
    /// Becomes the container's supervisor; makes its run folder.
    pub(crate) fn claim(folder: &Folder) -> io::Result<Claim> {
        loop {
            match DirBuilder::new().mode(0o700).create(folder.run()) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            match claim_with(&folder.lock(), |lock| FcntlArg::F_SETLK(lock)) {
                // The folder was removed in between, by the supervisor or repair before us.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                claimed => return claimed,
            }
        }
    }

    /// Acts for a container whose supervisor is dead, from a process that may have threads.
    pub(crate) fn claim_abandoned(folder: &Folder) -> io::Result<Claim> {
        claim_with(&folder.lock(), |lock| FcntlArg::F_OFD_SETLK(lock))
    }
}

/// Whether a supervisor lives, or somebody else acts for the container.
pub(crate) fn is_present(folder: &Folder) -> bool {
    let Ok(file) = File::open(folder.lock()) else { return false };
    let mut lock = whole_file(libc::F_RDLCK);
    let asked = fcntl(&file, FcntlArg::F_OFD_GETLK(&mut lock));
    asked.is_ok() && i32::from(lock.l_type) != libc::F_UNLCK
}

fn claim_with(path: &Path, command: impl Fn(&libc::flock) -> FcntlArg<'_>) -> io::Result<Claim> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match fcntl(&file, command(&whole_file(libc::F_WRLCK))) {
        Err(Errno::EACCES | Errno::EAGAIN) => return Ok(Claim::Held),
        locked => locked?,
    };
    // A lock on a file that was removed in the meantime keeps nobody out.
    if file.metadata()?.nlink() == 0 {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(Claim::Taken(Presence(file)))
}

fn whole_file(kind: i32) -> libc::flock {
    libc::flock {
        l_type: i16::try_from(kind).expect("lock kinds are 0 to 2"),
        l_whence: i16::try_from(libc::SEEK_SET).expect("SEEK_SET is 0"),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

/// What a run folder is called while it is removed.
const GONE: &str = "gone";

/// Removes the run folder, and with it the presence.
///
/// It goes at once: file by file it would be for a moment what a dead supervisor leaves, a status
/// without a lock, and a command that looks then would take the container over.
pub(crate) fn remove_run_folder(folder: &Folder) -> io::Result<()> {
    let gone = folder.run().with_extension(GONE);
    remove_gone(&gone)?;
    match fs::rename(folder.run(), &gone) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        renamed => renamed.and_then(|()| remove_gone(&gone)),
    }
}

/// Removes what is left of a run folder whose removal was broken off, if `path` is that.
pub(crate) fn finish_removal(path: &Path) -> io::Result<()> {
    if path.extension() == Some(OsStr::new(GONE)) { remove_gone(path) } else { Ok(()) }
}

fn remove_gone(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Layout;
    use engine_spec::ContainerId;

    #[test]
    fn a_second_one_is_kept_out_until_the_first_is_gone() {
        let root = std::env::temp_dir().join(format!("lighter-presence-{}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("prepared");
        let folder = Folder::of(&layout, &ContainerId::from_random([1; 32]));
        assert!(!is_present(&folder));
        fs::create_dir(folder.run()).expect("created");
        let Claim::Taken(first) = Presence::claim_abandoned(&folder).expect("claimed") else {
            panic!("nobody holds it")
        };
        assert!(is_present(&folder));
        assert!(matches!(Presence::claim_abandoned(&folder).expect("asked"), Claim::Held));
        drop(first);
        assert!(!is_present(&folder));
        fs::remove_dir_all(root).expect("removed");
    }

    #[test]
    fn a_run_folder_that_goes_never_has_a_status_without_a_lock() {
        let root = std::env::temp_dir().join(format!("lighter-presence-gone-{}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("prepared");
        let folder = Folder::of(&layout, &ContainerId::from_random([1; 32]));
        for _ in 0..50 {
            fs::create_dir(folder.run()).expect("created");
            let status = folder.run().join("status.json");
            for file in [&status, &folder.lock()] {
                fs::write(file, "").expect("written");
            }
            std::thread::scope(|scope| {
                scope.spawn(|| remove_run_folder(&folder).expect("removed"));
                while folder.lock().exists() {}
                assert!(!status.exists(), "it looks abandoned");
            });
        }
        fs::remove_dir_all(root).expect("removed");
    }
}
