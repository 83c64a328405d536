//! What is at a place becomes what is wanted, in one step for whoever looks.

use super::Content;
use super::entrance::Owner;
use super::place::{Place, Step, own};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{FchmodatFlags, Mode, fchmod, fchmodat, futimens, mkdirat};
use nix::sys::time::TimeSpec;
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};
use std::ffi::{CStr, OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the temporary files of one process apart.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Brings `place` into line.
pub(super) fn write(place: &Place, content: &Content<'_>, owner: Owner) -> Result<(), Step> {
    match *content {
        Content::File { bytes, mode, modified } => write_file(place, bytes, mode, modified, owner),
        Content::Link(text) => write_link(place, text, owner),
        Content::Folder { mode } => Ok(write_folder(place, mode, owner)?),
        Content::Nothing => match remove(place.folder.as_fd(), &place.name) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        },
    }
}

fn write_file(
    place: &Place,
    bytes: &File,
    mode: u32,
    modified: SystemTime,
    owner: Owner,
) -> Result<(), Step> {
    let draft = Draft::new(place);
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut file = File::from(openat(&place.folder, draft.name.as_os_str(), flags, Mode::empty())?);
    own(place.folder.as_fd(), Path::new(&draft.name), owner)?;
    copy(bytes, &mut file)?;
    fchmod(&file, Mode::from_bits_truncate(mode & 0o7777))?;
    let time = since_epoch(modified);
    futimens(&file, &time, &time)?;
    match draft.publish() {
        // A file that is a mount of its own keeps its place, so only what is in it can change.
        Err(Errno::EBUSY) => Ok(overwrite(place, bytes)?),
        published => Ok(published?),
    }
}

/// Writes into the file that is there. Readers may see a part of it.
fn overwrite(place: &Place, bytes: &File) -> nix::Result<()> {
    let flags = OFlag::O_WRONLY | OFlag::O_TRUNC | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut file = File::from(openat(&place.folder, place.name.as_os_str(), flags, Mode::empty())?);
    copy(bytes, &mut file)
}

fn write_link(place: &Place, text: &Path, owner: Owner) -> Result<(), Step> {
    let draft = Draft::new(place);
    symlinkat(text, &place.folder, draft.name.as_os_str())?;
    own(place.folder.as_fd(), Path::new(&draft.name), owner)?;
    Ok(draft.publish()?)
}

fn write_folder(place: &Place, mode: u32, owner: Owner) -> nix::Result<()> {
    let (folder, name) = (&place.folder, place.name.as_os_str());
    let mode = Mode::from_bits_truncate(mode & 0o7777);
    match mkdirat(folder, name, mode) {
        Err(Errno::EEXIST) if open_folder(folder.as_fd(), name).is_ok() => {}
        Err(Errno::EEXIST) => {
            unlinkat(folder, name, UnlinkatFlags::NoRemoveDir)?;
            mkdirat(folder, name, mode)?;
            own(folder.as_fd(), Path::new(name), owner)?;
        }
        made => {
            made?;
            own(folder.as_fd(), Path::new(name), owner)?;
        }
    }
    // mkdirat obeys the umask. A folder cannot be swapped for a link here by anything but the container,
    // which can change its modes anyway.
    fchmodat(folder, name, mode, FchmodatFlags::FollowSymlink)
}

/// A name that nobody else has, until it gets the right one. What never got it is removed.
struct Draft<'a> {
    place: &'a Place,
    name: OsString,
}

impl<'a> Draft<'a> {
    fn new(place: &'a Place) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { place, name: format!(".lighter-sync-{}-{number}", std::process::id()).into() }
    }

    fn publish(self) -> nix::Result<()> {
        let (folder, name) = (&self.place.folder, self.place.name.as_os_str());
        let rename = || renameat(folder, self.name.as_os_str(), folder, name);
        match rename() {
            // A folder is in the way.
            Err(Errno::EISDIR | Errno::ENOTEMPTY | Errno::EEXIST) => {
                remove(folder.as_fd(), name)?;
                rename()
            }
            renamed => renamed,
        }
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // After a rename there is nothing of that name.
        let _ = unlinkat(&self.place.folder, self.name.as_os_str(), UnlinkatFlags::NoRemoveDir);
    }
}

/// Removes what is at `name`, with all below it; links are removed, not followed.
fn remove(folder: BorrowedFd<'_>, name: &OsStr) -> nix::Result<()> {
    match unlinkat(folder, name, UnlinkatFlags::NoRemoveDir) {
        Err(Errno::EISDIR) => {}
        removed => return removed,
    }
    let inner = open_folder(folder, name)?;
    for entry in entries(&inner)? {
        match remove(inner.as_fd(), &entry) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    unlinkat(folder, name, UnlinkatFlags::RemoveDir)
}

fn open_folder(folder: BorrowedFd<'_>, name: &OsStr) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(folder, name, flags, Mode::empty())
}

/// All names first: a folder that changes while it is read may be read wrongly.
fn entries(folder: &OwnedFd) -> nix::Result<Vec<OsString>> {
    use std::os::unix::ffi::OsStringExt as _;
    let mut opened = Dir::openat(folder, ".", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    let mut names = Vec::new();
    for entry in opened.iter() {
        let name: &CStr = entry.as_ref().map_err(|errno| *errno)?.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(OsString::from_vec(name.to_bytes().to_vec()));
        }
    }
    Ok(names)
}

/// `copy_file_range(2)` where both sides can, else through memory.
fn copy(mut from: &File, to: &mut File) -> nix::Result<()> {
    let copied = from.rewind().and_then(|()| io::copy(&mut from, to));
    copied.map(drop).map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

fn since_epoch(time: SystemTime) -> TimeSpec {
    TimeSpec::from(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}
