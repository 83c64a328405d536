//! Parts of volumes (`subpath`): bound on the host below the container's run folder.
//!
//! Other containers may write to the volume meanwhile, and put a link in a folder's place between two
//! looks at it (CVE-2017-1002101). So the part is looked up once, inside the volume, and what was found
//! is mounted by its descriptor; from then on it has a path of its own.

use crate::container::folder::Folder;
use crate::runtime::rootfs::Root;
use crate::sys::mount::{Depth, attach, clone_tree};
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, umount2};
use nix::sys::stat::Mode;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

/// Binds `subpath` of the volume whose content is at `volume` to `place`, unless that is done.
pub(super) fn mount(volume: &Path, subpath: &Path, place: &Path) -> io::Result<()> {
    if place.exists() {
        return Ok(());
    }
    let volume = Root::from_mount(File::open(volume)?.into(), place.to_owned());
    let part = volume.open(subpath, OFlag::O_PATH)?;
    let mount = clone_tree(part.as_fd(), "", Depth::Tree)?;
    let target = if File::from(part).metadata()?.is_dir() {
        fs::create_dir_all(place)?;
        open(place, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?
    } else {
        fs::create_dir_all(place.parent().unwrap_or(place))?;
        File::create_new(place)?.into()
    };
    Ok(attach(mount, target)?)
}

/// Unmounts all parts that a container uses.
pub(super) fn unmount_all(folder: &Folder) -> io::Result<()> {
    let places = match fs::read_dir(folder.parts()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        places => places?,
    };
    for place in places {
        let place = place?.path();
        // One that was never attached is a folder or a file like any other.
        let _ = umount2(&place, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW);
        // Neither takes what is still mounted there with it.
        fs::remove_dir(&place).or_else(|_| fs::remove_file(&place))?;
    }
    fs::remove_dir(folder.parts())
}
