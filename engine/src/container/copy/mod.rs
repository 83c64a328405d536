//! Copying files into a container and out of it, whether it runs or not.
//!
//! ```text
//! a tree, or an archive ── entries ──> a tree, or an archive
//! ```
//! Paths in the container are resolved within its root folder, its volumes included; see `files`. What a
//! path means is decided in `plan`.

mod plan;
mod side;

pub use plan::Refusal;

use super::NoSuchContainer;
use super::files::lookup::Owner;
use super::files::tree::{Ownership, TreeWriter};
use super::files::walk::{self, Reach, Sink, WalkError};
use super::files::{FilesError, record_of, with_files};
use crate::image::layer::{Entry, EntryKind, TarError, TarReader, TarWriter};
use crate::runtime::rootfs::Root;
use crate::runtime::user::{self, UserError};
use crate::state::container::ContainerRecord;
use crate::state::{Layout, events};
use engine_spec::{ContainerAction, ContainerName};
use plan::{Existing, Goes, Typed, decide};
use side::Side;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// How to copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopyOptions {
    /// What arrives in the container belongs to the container's user (`-a`); else whom it belonged to.
    pub archive: bool,
    /// Follow a link that the source is (`-L`).
    pub follow_link: bool,
}

/// What is copied into a container.
pub enum Origin<'a> {
    /// A file or folder; `/.` at its end means its content.
    Path(&'a Path),
    /// A tar archive.
    Archive(&'a mut (dyn Read + Send)),
}

/// Where what is copied out of a container goes.
pub enum Destination<'a> {
    /// A file or folder.
    Path(&'a Path),
    /// A tar archive.
    Archive(&'a mut (dyn Write + Send)),
}

/// Files could not be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The container's files could not be reached.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The source is not there.
    #[error("there is no {}", path.display())]
    NoSource {
        /// What.
        path: PathBuf,
    },
    /// The two paths do not go together.
    #[error("cannot copy to {}", path.display())]
    Refused {
        /// The destination.
        path: PathBuf,
        /// Why.
        #[source]
        reason: Refusal,
    },
    /// The archive could not be read.
    #[error("cannot read the archive")]
    Archive(#[from] TarError),
    /// The container's user is not known in it.
    #[error(transparent)]
    User(#[from] UserError),
    /// Something could not be opened, read or written.
    #[error("cannot copy {}", path.display())]
    File {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Copies files out of a container, and returns how long their archive is or would be, in bytes.
///
/// # Errors
/// Says what could not be read or written.
pub fn copy_out(
    layout: &Layout,
    name: &ContainerName,
    path: &Path,
    to: Destination<'_>,
    options: CopyOptions,
) -> Result<u64, CopyError> {
    let record = record_of(layout, name)?;
    let copied = with_files(layout, &record, |root| {
        let source = Source::open(Side::Container(root), path, options)?;
        match to {
            Destination::Archive(to) => {
                let mut archive = ArchiveSink { writer: TarWriter::new(to), buffer: vec![0; BUFFER] };
                let length = source.pass(&source.typed.name, &mut archive)?;
                archive.writer.finish().map_err(at(path))?;
                Ok(length)
            }
            // As the caller's own: whom it belonged to means nothing outside.
            Destination::Path(to) => source.put(Side::Host, to, Ownership::Fixed(Owner { uid: 0, gid: 0 })),
        }
    })??;
    events::note_container(layout, &record, ContainerAction::ArchivePath);
    Ok(copied)
}

/// Copies files into a container, and returns how long their archive is or would be, in bytes.
///
/// # Errors
/// Says what could not be read or written.
pub fn copy_in(
    layout: &Layout,
    name: &ContainerName,
    from: Origin<'_>,
    path: &Path,
    options: CopyOptions,
) -> Result<u64, CopyError> {
    let record = record_of(layout, name)?;
    let copied = with_files(layout, &record, |root| {
        let owner = if options.archive { owner(root, &record)? } else { Ownership::Recorded };
        match from {
            Origin::Path(from) => {
                Source::open(Side::Host, from, options)?.put(Side::Container(root), path, owner)
            }
            Origin::Archive(from) => unpack(from, root, path, owner),
        }
    })??;
    events::note_container(layout, &record, ContainerAction::ExtractToDir);
    Ok(copied)
}

/// Large enough that most files are one read.
const BUFFER: usize = 256 << 10;

/// The container's own user, unless that is root by default.
fn owner(root: &Root, record: &ContainerRecord) -> Result<Ownership, CopyError> {
    let asked = record.spec.process.user.as_deref().or(record.image.user.as_deref()).unwrap_or_default();
    if asked.is_empty() {
        return Ok(Ownership::Recorded);
    }
    let user = user::resolve(root, asked, &[])?;
    Ok(Ownership::Fixed(Owner { uid: user.uid, gid: user.gid }))
}

/// What is copied, open.
struct Source {
    typed: Typed,
    path: PathBuf,
    folder: std::os::fd::OwnedFd,
    /// Its name in `folder`.
    name: Vec<u8>,
    is_folder: bool,
}

impl Source {
    fn open(side: Side<'_>, path: &Path, options: CopyOptions) -> Result<Self, CopyError> {
        let typed = Typed::new(path);
        // A slash at the end follows a link too.
        let follows = options.follow_link || typed.is_folder;
        let found = side.find(&typed, follows).map_err(at(path))?;
        let found = found.ok_or_else(|| CopyError::NoSource { path: path.to_owned() })?;
        let (folder, name, existing) = (found.folder, found.name, found.existing);
        if existing == Existing::Nothing {
            return Err(CopyError::NoSource { path: path.to_owned() });
        }
        Ok(Self { typed, path: path.to_owned(), folder, name, is_folder: existing == Existing::Folder })
    }

    /// Puts it where `to` says.
    fn put(&self, side: Side<'_>, to: &Path, owner: Ownership) -> Result<u64, CopyError> {
        let typed = Typed::new(to);
        let found = side.find(&typed, true).map_err(at(to))?;
        let found = found.ok_or_else(|| CopyError::NoSource { path: typed.folder_path() })?;
        let goes = decide(&self.typed, self.is_folder, &typed, found.existing);
        let goes = goes.map_err(|reason| CopyError::Refused { path: to.to_owned(), reason })?;
        let (folder, name) = match goes {
            Goes::Into(name) => (found.into_folder().map_err(at(to))?, name),
            Goes::Beside => (found.folder, found.name),
        };
        let mut writer = TreeWriter::new(folder, owner);
        let length = self.pass(&name, &mut writer)?;
        writer.finish().map_err(at(to))?;
        Ok(length)
    }

    /// Passes it on as `name`.
    fn pass(&self, name: &[u8], sink: &mut dyn Sink) -> Result<u64, CopyError> {
        let name = if name == b"." { b"" } else { name };
        let mut counting = Counting { sink, length: END_OF_ARCHIVE };
        walk::walk(&self.folder, &self.name, name, Reach::Everything, &mut counting)
            .map_err(|WalkError { path, source }| CopyError::File { path: self.path.join(path), source })?;
        Ok(counting.length)
    }
}

/// Unpacks an archive into a folder of the container.
fn unpack(archive: &mut dyn Read, root: &Root, to: &Path, owner: Ownership) -> Result<u64, CopyError> {
    let found = Side::Container(root).find(&Typed::new(to), true).map_err(at(to))?;
    let found = found.ok_or_else(|| CopyError::NoSource { path: to.to_owned() })?;
    if found.existing != Existing::Folder {
        return Err(CopyError::Refused { path: to.to_owned(), reason: Refusal::NotAFolder });
    }
    let mut writer = TreeWriter::new(found.into_folder().map_err(at(to))?, owner);
    let mut counting = Counting { sink: &mut writer, length: END_OF_ARCHIVE };
    let mut reader = TarReader::new(archive);
    while let Some(entry) = reader.next_entry()? {
        counting.append(&entry, &mut reader).map_err(|source| CopyError::File {
            path: to.join(String::from_utf8_lossy(&entry.path).as_ref()),
            source,
        })?;
    }
    let length = counting.length;
    writer.finish().map_err(at(to))?;
    Ok(length)
}

struct ArchiveSink<W: Write> {
    writer: TarWriter<W>,
    buffer: Vec<u8>,
}

impl<W: Write> Sink for ArchiveSink<W> {
    fn append(&mut self, entry: &Entry, mut data: &mut dyn Read) -> io::Result<()> {
        self.writer.append(entry, &mut data, &mut self.buffer)
    }
}

const BLOCK: u64 = 512;
const END_OF_ARCHIVE: u64 = 2 * BLOCK;

/// Adds up how long the archive is.
struct Counting<'a> {
    sink: &'a mut dyn Sink,
    length: u64,
}

impl Sink for Counting<'_> {
    fn append(&mut self, entry: &Entry, data: &mut dyn Read) -> io::Result<()> {
        let size = if let EntryKind::File(size) = entry.kind { size } else { 0 };
        self.length += BLOCK + size.next_multiple_of(BLOCK);
        self.sink.append(entry, data)
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> CopyError {
    let path = path.to_owned();
    move |source| CopyError::File { path: path.clone(), source }
}

impl From<NoSuchContainer> for CopyError {
    fn from(unknown: NoSuchContainer) -> Self {
        Self::Files(unknown.into())
    }
}
