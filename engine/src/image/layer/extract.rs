//! Entries of an archive become files of a tree.
//!
//! For each entry: create without following or replacing anything, write, owner, attributes (a
//! change of owner clears `security.capability`), mode (and the set-id bits), times. Times of folders
//! come last of all, since every file made in one changes them.

use super::borrow::Borrowed;
use super::limits::Limits;
use super::metadata::{set_metadata, set_metadata_by_name, timespec};
use super::root::{InnerPath, PathError, Root, kind_of, open_folder};
use super::tar::{Entry, Kind, TarError, TarReader, Time};
use super::whiteout::{self, Meaning};
use crate::sys::{Carrier, set_xattr};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, futimens, makedev, mkdirat, mknodat};
use nix::unistd::{linkat, symlinkat};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// 2^32 - 1 means "unchanged" to chown(2), so it owns nothing (CVE-2024-40635 was a wrapped id).
const LARGEST_ID: u64 = u32::MAX as u64 - 1;
/// Large enough that a read costs little beside the writing.
const BUFFER: usize = 128 << 10;

/// An entry that was refused or could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The archive cannot be read.
    #[error("cannot read the archive")]
    Archive(#[from] TarError),
    /// An entry's path, or what a hard link names, leads out of the tree.
    #[error("refusing the entry `{path}`: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: PathError,
    },
    /// An entry asks for something that only harms.
    #[error("refusing the entry `{path}`: {reason}")]
    Refused {
        /// Its path.
        path: String,
        /// What it asks for.
        reason: &'static str,
    },
    /// An entry could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// Its path.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A hard link leads to nothing, here or in the layers below.
    #[error(
        "refusing the entry `{path}`: it is a hard link to `{target}`, which is no file of the archive or the layers below it"
    )]
    NoTarget {
        /// The link.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// A bomb of empty files.
    #[error("the archive has more than {0} entries")]
    TooMany(u64),
    /// A bomb of large ones.
    #[error("the archive's files have more than {0} bytes; `largest-layer` in registries.toml allows more")]
    TooLarge(u64),
    /// A bomb of one byte again and again.
    #[error(
        "the archive has {0} times the bytes of its compressed form and more; `largest-ratio` in registries.toml allows more"
    )]
    Bomb(u64),
}

/// What an archive's tree does not tell.
#[derive(Debug)]
pub(super) struct Extracted {
    /// Hard links to files that the archive does not have.
    pub(super) borrowed: Vec<Borrowed>,
    /// The folders that have entries; others are only on the way to something.
    pub(super) folders: BTreeSet<PathBuf>,
}

/// Unpacks an uncompressed archive into an empty folder.
pub(super) fn extract(archive: impl Read, tree: &Path, limits: Limits) -> Result<Extracted, ExtractError> {
    let root = Root::open(tree).map_err(|source| write_error(b".", source))?;
    let mut extractor =
        Extractor { root, folder_times: BTreeMap::new(), borrowed: Vec::new(), buffer: vec![0; BUFFER] };
    let mut reader = TarReader::new(archive);
    let (mut count, mut bytes) = (0, 0u64);
    while let Some(entry) = reader.next_entry()? {
        count += 1;
        bytes = bytes.saturating_add(if let Kind::File(size) = entry.kind { size } else { 0 });
        limits.check(count, bytes)?;
        extractor.entry(&entry, &mut reader)?;
    }
    extractor.set_folder_times()?;
    let folders = extractor.folder_times.keys().map(|path| os(path.as_bytes()).into()).collect();
    Ok(Extracted { borrowed: extractor.borrowed, folders })
}

struct Extractor {
    root: Root,
    folder_times: BTreeMap<InnerPath, Time>,
    borrowed: Vec<Borrowed>,
    buffer: Vec<u8>,
}

/// Where an entry is made: a name in an open folder.
pub(super) struct Place<'a> {
    pub(super) folder: &'a OwnedFd,
    pub(super) name: &'a [u8],
}

impl Extractor {
    fn entry(&mut self, entry: &Entry, data: &mut TarReader<impl Read>) -> Result<(), ExtractError> {
        let path = parse(&entry.path)?;
        check(entry)?;
        let made = if path.is_root() { self.root_folder(entry) } else { self.named(entry, &path, data)? };
        made.map_err(|source| write_error(&entry.path, source))?;
        if entry.kind == Kind::Directory {
            self.folder_times.insert(path, entry.modified);
        }
        Ok(())
    }

    fn root_folder(&mut self, entry: &Entry) -> io::Result<()> {
        let folder = self.root.existing_folder(&InnerPath::parse(b".").expect("the root"))?;
        set_metadata(&File::from(folder), entry)
    }

    /// The outer result is a refusal, the inner one a failure.
    fn named(
        &mut self,
        entry: &Entry,
        path: &InnerPath,
        data: &mut TarReader<impl Read>,
    ) -> Result<io::Result<()>, ExtractError> {
        let (folder, name) = path.split();
        let target = if let Kind::HardLink(target) = &entry.kind { Some(parse(target)?) } else { None };
        let meaning = whiteout::meaning(name)
            .ok_or_else(|| refused(entry, "it is the whiteout of no possible name"))?;
        Ok(self.root.folder(&folder).and_then(|folder| {
            let place = Place { folder: &folder, name };
            match (meaning, target) {
                (Meaning::Ignored, _) => Ok(()),
                (Meaning::Opaque, _) => make_opaque(&folder),
                (Meaning::Whiteout(gone), _) => whiteout(&Place { folder: &folder, name: gone }),
                (Meaning::Name, Some(target)) => self.hard_link(&place, path, &target),
                (Meaning::Name, None) => self.create(&place, entry, data),
            }
        }))
    }

    fn create(
        &mut self,
        place: &Place<'_>,
        entry: &Entry,
        data: &mut TarReader<impl Read>,
    ) -> io::Result<()> {
        let existing = kind_of(place.folder, place.name)?;
        let is_whiteout = existing == Some((SFlag::S_IFCHR, 0));
        match existing {
            Some((SFlag::S_IFDIR, _)) if entry.kind == Kind::Directory => return merge_folder(place, entry),
            Some(_) => self.root.remove(place.folder, place.name)?,
            None => {}
        }
        match &entry.kind {
            Kind::File(_) => return self.file(place, entry, data),
            Kind::Directory => {
                mkdirat(place.folder, os(place.name), Mode::S_IRWXU)?;
                // The same archive took the name away from below and put a new folder there.
                if is_whiteout {
                    make_opaque(&open_folder(place.folder, place.name)?)?;
                }
                return merge_folder(place, entry);
            }
            Kind::Symlink(target) => symlinkat(os(target), place.folder, os(place.name))?,
            Kind::Fifo => make_node(place, SFlag::S_IFIFO, 0)?,
            Kind::CharacterDevice(major, minor) => make_node(place, SFlag::S_IFCHR, device(*major, *minor))?,
            Kind::BlockDevice(major, minor) => make_node(place, SFlag::S_IFBLK, device(*major, *minor))?,
            Kind::HardLink(_) => unreachable!("hard links are made by hard_link"),
        }
        set_metadata_by_name(place, entry)
    }

    fn file(&mut self, place: &Place<'_>, entry: &Entry, data: &mut TarReader<impl Read>) -> io::Result<()> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut file = File::from(openat(place.folder, os(place.name), flags, Mode::S_IRUSR)?);
        data.write_to(&mut file, &mut self.buffer)?;
        set_metadata(&file, entry)?;
        Ok(futimens(&file, &timespec(entry.modified), &timespec(entry.modified))?)
    }

    /// One whose target is not here leads to a layer below, which is looked at when all of them are there.
    fn hard_link(&mut self, place: &Place<'_>, path: &InnerPath, target: &InnerPath) -> io::Result<()> {
        let (folder, name) = target.split();
        let found =
            self.root.existing_folder(&folder).and_then(|folder| Ok((kind_of(&folder, name)?, folder)));
        let folder = match found {
            // A whiteout of this archive's own is no file to link to.
            Ok((None | Some((SFlag::S_IFCHR, 0)), _)) => return self.borrow(place, path, target),
            Ok((Some(_), folder)) => folder,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return self.borrow(place, path, target);
            }
            Err(error) => return Err(error),
        };
        if same_file(place, &folder, name)? {
            return Ok(());
        }
        if kind_of(place.folder, place.name)?.is_some() {
            self.root.remove(place.folder, place.name)?;
        }
        // Without AT_SYMLINK_FOLLOW a link to a symbolic link is one to the link itself.
        Ok(linkat(&folder, os(name), place.folder, os(place.name), AtFlags::empty())?)
    }

    fn borrow(&mut self, place: &Place<'_>, path: &InnerPath, target: &InnerPath) -> io::Result<()> {
        if kind_of(place.folder, place.name)?.is_some() {
            self.root.remove(place.folder, place.name)?;
        }
        self.borrowed.push(Borrowed { path: path.clone(), target: target.clone() });
        Ok(())
    }

    /// A folder that something else replaced since has no times to set.
    fn set_folder_times(&self) -> Result<(), ExtractError> {
        for (path, time) in self.folder_times.iter().rev() {
            let Ok(folder) = self.root.existing_folder(path) else { continue };
            let set = futimens(&folder, &timespec(*time), &timespec(*time));
            set.map_err(|errno| write_error(b".", errno.into()))?;
        }
        Ok(())
    }
}

/// What is refused whatever the tree is like.
fn check(entry: &Entry) -> Result<(), ExtractError> {
    if entry.uid > LARGEST_ID || entry.gid > LARGEST_ID {
        return Err(refused(entry, "its owner is no valid id"));
    }
    if entry.kind == Kind::CharacterDevice(0, 0) {
        return Err(refused(entry, "a character device 0:0 is a whiteout in disguise"));
    }
    if entry.xattrs.iter().any(|(name, _)| whiteout::is_overlay_xattr(name)) {
        return Err(refused(entry, "it has attributes of the overlay file system"));
    }
    if entry.xattrs.iter().any(|(name, _)| name.starts_with(b"trusted.")) {
        return Err(refused(entry, "it has trusted attributes, which are the host's own"));
    }
    let is_root = InnerPath::parse(&entry.path).is_ok_and(|path| path.is_root());
    if is_root && entry.kind != Kind::Directory {
        return Err(refused(entry, "the root of a layer must be a folder"));
    }
    Ok(())
}

fn parse(path: &[u8]) -> Result<InnerPath, ExtractError> {
    InnerPath::parse(path).map_err(|reason| ExtractError::Path { path: readable(path), reason })
}

fn refused(entry: &Entry, reason: &'static str) -> ExtractError {
    ExtractError::Refused { path: readable(&entry.path), reason }
}

pub(super) fn write_error(path: &[u8], source: io::Error) -> ExtractError {
    ExtractError::Write { path: readable(path), source }
}

/// A hostile path goes to a terminal in the end.
pub(super) fn readable(path: &[u8]) -> String {
    const LONGEST: usize = 200;
    String::from_utf8_lossy(&path[..path.len().min(LONGEST)]).escape_debug().to_string()
}

fn os(name: &[u8]) -> &OsStr {
    OsStr::from_bytes(name)
}

fn make_opaque(folder: &OwnedFd) -> io::Result<()> {
    Ok(set_xattr(Carrier::File(folder.as_fd()), whiteout::OPAQUE_XATTR, b"y")?)
}

/// A name that the same archive has made stays: whiteouts concern the layers below only.
fn whiteout(gone: &Place<'_>) -> io::Result<()> {
    match kind_of(gone.folder, gone.name)? {
        None => make_node(gone, SFlag::S_IFCHR, 0),
        Some((SFlag::S_IFDIR, _)) => make_opaque(&open_folder(gone.folder, gone.name)?),
        Some(_) => Ok(()),
    }
}

fn make_node(place: &Place<'_>, kind: SFlag, device: u64) -> io::Result<()> {
    Ok(mknodat(place.folder, os(place.name), kind, Mode::S_IRUSR | Mode::S_IWUSR, device)?)
}

fn device(major: u32, minor: u32) -> u64 {
    makedev(major.into(), minor.into())
}

fn merge_folder(place: &Place<'_>, entry: &Entry) -> io::Result<()> {
    set_metadata(&File::from(open_folder(place.folder, place.name)?), entry)
}

fn same_file(place: &Place<'_>, folder: &OwnedFd, name: &[u8]) -> io::Result<bool> {
    let stat = |folder: &OwnedFd, name| match nix::sys::stat::fstatat(
        folder,
        os(name),
        AtFlags::AT_SYMLINK_NOFOLLOW,
    ) {
        Ok(stat) => Ok(Some(stat.st_ino)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(io::Error::from(errno)),
    };
    let target = stat(folder, name)?;
    Ok(target.is_some() && target == stat(place.folder, place.name)?)
}
