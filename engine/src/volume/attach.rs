//! Volumes of a driver: mounted over their folder with the first container that uses them, unmounted
//! with the last.
//!
//! ```text
//! run/volumes/<name>/      locked while anything is changed; gone with the last user
//!   mounted                written after the mount
//!   <container id>         one per container that uses it
//! ```
//! The run folder is dropped with the boot, as mounts are.

use super::driver::Driver;
use super::{VolumeError, absent, data, make_data, mounting, sshfs};
use crate::state::Layout;
use engine_spec::{ContainerId, VolumeName};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MntFlags, umount2};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

const MARKER: &str = "mounted";

/// Makes sure that the volume's content is in its folder for as long as `user` runs.
pub(crate) fn acquire(layout: &Layout, name: &VolumeName, user: &ContainerId) -> Result<(), VolumeError> {
    let Some(found) = super::read(layout, name)? else { return Ok(()) };
    let driver = Driver::of(&found.spec)?;
    if driver == Driver::Folder {
        return Ok(());
    }
    let data = data(layout, name);
    let users = layout.run_volume(name);
    let attempt = || -> Result<(), AttachError> {
        let _lock = lock(&users)?;
        if !users.join(MARKER).exists() {
            make_data(&data).map_err(io::Error::other)?;
            // What a killed process mounted and did not note down.
            detach(&data)?;
            attach(&driver, &data)?;
            File::create(users.join(MARKER))?;
        }
        File::create(users.join(user.as_str()))?;
        Ok(())
    };
    attempt().map_err(|error| error.of(name))
}

/// Ends the use of a volume; with the last user its content leaves the folder.
pub(crate) fn release(layout: &Layout, name: &VolumeName, user: &ContainerId) -> io::Result<()> {
    let users = layout.run_volume(name);
    if !users.exists() {
        return Ok(());
    }
    let _lock = lock(&users)?;
    absent(fs::remove_file(users.join(user.as_str())))?;
    let is_used = fs::read_dir(&users)?.flatten().any(|entry| entry.file_name() != MARKER);
    if is_used {
        return Ok(());
    }
    detach(&data(layout, name))?;
    absent(fs::remove_dir_all(users))
}

/// Whether something is mounted over the folder of the volume.
pub(super) fn is_attached(layout: &Layout, name: &VolumeName) -> bool {
    layout.run_volume(name).join(MARKER).exists()
}

fn lock(users: &Path) -> io::Result<Flock<File>> {
    loop {
        DirBuilder::new().mode(0o700).recursive(true).create(users)?;
        let file = match File::open(users) {
            // Its last user has just removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file?,
        };
        let lock = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
        if users.exists() {
            return Ok(lock);
        }
    }
}

/// Why a volume's content cannot be had.
pub(super) enum AttachError {
    Io(io::Error),
    Mount { kind: String, device: String, source: Errno },
    Resolve { host: String, source: io::Error },
    NoSshfs,
    Sshfs { place: String, said: String },
}

impl From<io::Error> for AttachError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl AttachError {
    fn of(self, name: &VolumeName) -> VolumeError {
        let name = name.clone();
        match self {
            Self::Io(source) => VolumeError::Attach { name, source },
            Self::Mount { kind, source: Errno::ENODEV, .. } => VolumeError::NoFileSystem { name, kind },
            Self::Mount { kind, device, source } => {
                VolumeError::Mount { name, kind, device, source: source.into() }
            }
            Self::Resolve { host, source } => VolumeError::Resolve { name, host, source },
            Self::NoSshfs => VolumeError::NoSshfs { name },
            Self::Sshfs { place, said } => VolumeError::Sshfs { name, place, said },
        }
    }
}

fn attach(driver: &Driver, data: &Path) -> Result<(), AttachError> {
    match driver {
        Driver::Folder => Ok(()),
        Driver::Mount(source) => mounting::mount_over(source, data),
        Driver::Sshfs(remote) => sshfs::mount_over(remote, data),
    }
}

/// Takes off whatever is mounted over the folder.
pub(super) fn detach(data: &Path) -> io::Result<()> {
    loop {
        match umount2(data, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) => {}
            Err(Errno::EINVAL | Errno::ENOENT) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}
