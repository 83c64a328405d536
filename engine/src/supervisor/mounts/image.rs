//! Images that containers mount: attached to the host below the container's run folder, read-only.

use crate::container::folder::Folder;
use crate::runtime::rootfs::{Durability, Overlay, RootfsError};
use crate::state::Layout;
use engine_spec::Digest;
use nix::mount::{MntFlags, umount2};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the image is seen.
pub(super) fn root(place: &Path) -> PathBuf {
    place.join("root")
}

/// Mounts the image with these layers, bottom first, unless that is done.
pub(super) fn mount(layout: &Layout, place: &Path, layers: &[Digest]) -> Result<(), RootfsError> {
    let root = root(place);
    if root.exists() {
        return Ok(());
    }
    let overlay = Overlay {
        layers: layers.iter().rev().map(|layer| layout.layer(layer)).collect(),
        // Nobody can write to it: they only make one layer enough for an overlay.
        upper: place.join("upper"),
        work: place.join("work"),
        durability: Durability::Deferred,
    };
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| RootfsError::Open { path, source }
    };
    for folder in [&overlay.upper, &overlay.work] {
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    let mounted = overlay.mount()?;
    mounted.refuse_writes().map_err(|errno| failed(&root)(errno.into()))?;
    fs::create_dir(&root).map_err(failed(&root))?;
    mounted.attach_at(&root).map_err(|errno| failed(&root)(errno.into()))
}

/// Unmounts all images of a container.
pub(super) fn unmount_all(folder: &Folder) -> io::Result<()> {
    let places = match fs::read_dir(folder.images()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        places => places?,
    };
    for place in places {
        // One that was never attached is a folder like any other.
        let _ = umount2(&root(&place?.path()), MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW);
    }
    fs::remove_dir_all(folder.images())
}
