//! COPY and ADD: selected files into a layer.
//!
//! The rules are BuildKit's: a folder's content is copied, not the folder; what exists keeps its
//! mode and owner; what comes from the context is root's; times and hard links are kept.

use super::delta::Changes;
use super::permission::{ModeChange, Owner};
use super::select::Selected;
use super::upper::{Metadata, Upper, UpperError, conflict};
use crate::build::input::view::{Entry, Found, Kind, View};
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Where files go and what they become.
#[derive(Debug, Clone)]
pub(in crate::build) struct Target {
    /// The absolute path.
    pub(in crate::build) path: PathBuf,
    /// Whether it names a folder even if nothing is there.
    pub(in crate::build) is_folder: bool,
    /// `--chown`.
    pub(in crate::build) owner: Option<Owner>,
    /// `--chmod`.
    pub(in crate::build) mode: Option<ModeChange>,
}

/// Copies from one tree into a layer.
pub(in crate::build) struct Copier<'a> {
    upper: &'a Upper,
    from: &'a View,
    target: &'a Target,
    /// Files with several names, by device and inode: the first copy.
    copies: HashMap<(u64, u64), PathBuf>,
    /// What is to be copied over an earlier copy; `None` if all is.
    changes: Option<&'a Changes>,
    /// The folders that the archive has entries for whose tree is copied; `None` if it was none.
    named: Option<&'a BTreeSet<PathBuf>>,
}

impl<'a> Copier<'a> {
    pub(in crate::build) fn new(upper: &'a Upper, from: &'a View, target: &'a Target) -> Self {
        Self { upper, from, target, copies: HashMap::new(), changes: None, named: None }
    }

    /// The same for the tree of an archive that has entries for these folders. Folders that are only on
    /// the way to something leave what is there as it is, and lead through links of the image.
    pub(in crate::build) fn of_archive(self, named: &'a BTreeSet<PathBuf>) -> Self {
        Self { named: Some(named), ..self }
    }

    /// Copies one source.
    pub(in crate::build) fn copy(&mut self, source: &Selected) -> Result<(), UpperError> {
        match &source.parents {
            Some(parents) if !source.name.is_empty() => return self.below(parents, source),
            _ => {}
        }
        match source.entry.kind {
            Kind::Folder => self.content(&source.entry),
            Kind::File | Kind::Link | Kind::Special => {
                let (folder, name) = self.place(&source.name)?;
                self.child(&source.entry, &folder, &name)
            }
        }
    }

    /// Brings an earlier copy of the folder `source`, which lies below, up to date.
    pub(in crate::build) fn update(
        &mut self,
        source: &Entry,
        changes: &'a Changes,
    ) -> Result<(), UpperError> {
        let (folder, _) = self.upper.folder(&self.target.path, self.new_folder())?;
        for gone in &changes.removed {
            self.upper.remove(&folder.path.join(gone.strip_prefix(&source.path).unwrap_or(gone)))?;
        }
        self.changes = Some(changes);
        self.content(source)
    }

    /// Writes a file whose content is given in the Dockerfile.
    pub(in crate::build) fn text(&mut self, name: &str, content: &str) -> Result<(), UpperError> {
        let (folder, name) = self.place(OsStr::new(name))?;
        let metadata = Metadata { mode: 0o644, owner: self.new_owner(), modified: None };
        let metadata = Metadata { mode: self.mode(metadata.mode, false), ..metadata };
        if self.upper.child(&folder, name.as_os_str())?.is_some_and(|existing| existing.kind == Kind::Folder)
        {
            return Err(conflict(&folder.path.join(name), "file", "folder"));
        }
        self.upper.file(&folder.path.join(name), content.as_bytes(), metadata)
    }

    /// The folder and name a single file gets.
    fn place(&self, name: &OsStr) -> Result<(Entry, PathBuf), UpperError> {
        let found = self.upper.resolve(&self.target.path)?;
        let path = match found {
            Found::Entry(entry) if entry.kind == Kind::Folder => entry.path.join(name),
            Found::Missing(path) if self.target.is_folder => path.join(name),
            Found::Entry(entry) if self.target.is_folder => {
                return Err(conflict(&entry.path, "folder", "file"));
            }
            Found::Entry(Entry { path, .. }) | Found::Missing(path) => path,
        };
        let (parent, name) = (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
        Ok((self.upper.folder(parent, self.new_folder())?.0, PathBuf::from(name)))
    }

    /// Copies one source and the folders it lies in, which bring their own modes and owners.
    fn below(&mut self, parents: &[Entry], source: &Selected) -> Result<(), UpperError> {
        let mut folder = self.upper.folder(&self.target.path, self.new_folder())?.0;
        let mut made = Vec::new();
        for parent in parents {
            let name = parent.path.file_name().unwrap_or_default();
            folder = match self.upper.child(&folder, name)? {
                Some(existing) if existing.kind == Kind::Folder => self.upper.reopen(&existing)?,
                Some(existing) => return Err(conflict(&existing.path, "folder", "file")),
                None => {
                    let new = self.upper.make_folder(&folder, name, self.metadata(parent))?;
                    made.push((new.path.clone(), self.metadata(parent)));
                    new
                }
            };
        }
        self.child(&source.entry, &folder, Path::new(&source.name))?;
        // What was put into a folder has changed its time.
        made.iter().rev().try_for_each(|(path, metadata)| self.upper.finish(path, *metadata))
    }

    /// Copies what is in `source` into the target folder.
    fn content(&mut self, source: &Entry) -> Result<(), UpperError> {
        let (folder, is_new) = self.upper.folder(&self.target.path, self.new_folder())?;
        self.children(source, &folder)?;
        let kept = if is_new { self.new_folder() } else { Metadata::of(&folder.stat) };
        let modified = Metadata::of(&source.stat).modified;
        self.upper.finish(&folder.path, Metadata { modified, ..kept })
    }

    fn children(&mut self, source: &Entry, folder: &Entry) -> Result<(), UpperError> {
        let changes = self.changes;
        let is_wanted = |child: &Entry| changes.is_none_or(|changes| changes.want(&child.path));
        for child in self.from.children(source)?.into_iter().filter(is_wanted) {
            let name = PathBuf::from(child.path.file_name().unwrap_or_default());
            self.child(&child, folder, &name)?;
        }
        Ok(())
    }

    /// Copies `source` to `name` in `folder`, which is in the layer.
    fn child(&mut self, source: &Entry, folder: &Entry, name: &Path) -> Result<(), UpperError> {
        let existing = self.upper.child(folder, name.as_os_str())?;
        let path = folder.path.join(name);
        match (source.kind, existing) {
            (Kind::Folder, existing) => self.nested(source, folder, (name, existing)),
            (_, Some(existing)) if existing.kind == Kind::Folder => Err(conflict(&path, "file", "folder")),
            (Kind::File, _) => self.file(source, &path),
            (Kind::Link, _) => self.upper.link(&path, &self.from.link_target(source)?, self.metadata(source)),
            (Kind::Special, _) if is_socket(source) => {
                self.upper.file(&path, std::io::empty(), self.metadata(source))
            }
            (Kind::Special, _) => self.upper.node(&path, &source.stat, self.metadata(source)),
        }
    }

    /// Copies a folder inside a copied folder: it brings its own mode, owner and attributes.
    fn nested(
        &mut self,
        source: &Entry,
        folder: &Entry,
        (name, existing): (&Path, Option<Entry>),
    ) -> Result<(), UpperError> {
        let metadata = self.metadata(source);
        let is_on_the_way = self.named.is_some_and(|named| !named.contains(&source.path));
        let copy = match existing {
            Some(existing) if is_on_the_way && existing.kind != Kind::File => {
                let (folder, _) = self.upper.folder(&existing.path, self.new_folder())?;
                return self.children(source, &folder);
            }
            Some(existing) if existing.kind == Kind::Folder => self.upper.reopen(&existing)?,
            Some(existing) if self.named.is_some() && existing.kind == Kind::Link => {
                self.upper.make_folder(folder, name.as_os_str(), metadata)?
            }
            Some(existing) => return Err(conflict(&existing.path, "folder", "file")),
            None => self.upper.make_folder(folder, name.as_os_str(), metadata)?,
        };
        self.children(source, &copy)?;
        self.upper.attributes(&self.from.open(source)?, &copy.path)?;
        self.upper.finish(&copy.path, metadata)
    }

    fn file(&mut self, source: &Entry, path: &Path) -> Result<(), UpperError> {
        let identity = (source.stat.st_dev, source.stat.st_ino);
        if let Some(first) = self.copies.get(&identity).filter(|first| *first != path) {
            return self.upper.hard_link(path, first);
        }
        self.upper.copy(path, self.from.open(source)?, self.metadata(source))?;
        if source.stat.st_nlink > 1 {
            self.copies.insert(identity, path.to_owned());
        }
        Ok(())
    }

    /// What a copy of `source` gets.
    fn metadata(&self, source: &Entry) -> Metadata {
        let metadata = Metadata::of(&source.stat);
        let kept = if self.from.is_context() { Owner::ROOT } else { metadata.owner };
        Metadata {
            mode: self.mode(metadata.mode, source.kind == Kind::Folder),
            owner: self.target.owner.unwrap_or(kept),
            ..metadata
        }
    }

    fn mode(&self, mode: u32, is_folder: bool) -> u32 {
        self.target.mode.as_ref().map_or(mode, |change| change.apply(mode, is_folder))
    }

    /// What folders get that are made on the way.
    fn new_folder(&self) -> Metadata {
        let metadata = Metadata::new_folder(self.new_owner());
        let mode = self.target.mode.as_ref().and_then(ModeChange::octal).unwrap_or(metadata.mode);
        Metadata { mode, ..metadata }
    }

    fn new_owner(&self) -> Owner {
        self.target.owner.unwrap_or(Owner::ROOT)
    }
}

/// A socket means nothing without its server, and arrives as an empty file.
fn is_socket(entry: &Entry) -> bool {
    use nix::sys::stat::SFlag;
    SFlag::from_bits_truncate(entry.stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFSOCK
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
