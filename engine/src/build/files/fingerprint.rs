//! One digest of all that a copy selects, and what it was made of.

use super::select::{SelectError, Selected};
use crate::build::input::attribute::attributes;
use crate::build::input::contents::Contents;
use crate::build::input::stat_cache::ContentDigest;
use crate::build::input::view::{Entry, Kind, View};
use crate::sys::Carrier;
use sha2::{Digest as _, Sha256};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Digests trees: names, kinds, modes, attributes, link targets and content, never times.
pub(in crate::build) struct Fingerprint<'a> {
    view: &'a View,
    contents: &'a Contents,
    /// Whether owners count: not for the context, nor where `--chown` replaces them.
    counts_owners: bool,
    hasher: Sha256,
    listing: Vec<Listed>,
}

/// One of the files and folders that were digested.
#[derive(Debug, Clone)]
pub(in crate::build) struct Listed {
    /// From the tree's root.
    pub(in crate::build) path: PathBuf,
    pub(in crate::build) kind: Kind,
    /// Type and permission bits.
    pub(in crate::build) mode: u32,
    /// Seconds and nanoseconds of the last change.
    pub(in crate::build) modified: (i64, i64),
    /// How many names it has.
    pub(in crate::build) names: u64,
    /// Of its bytes or its link's target, and of its attributes.
    pub(in crate::build) content: ContentDigest,
}

impl<'a> Fingerprint<'a> {
    pub(in crate::build) fn new(view: &'a View, contents: &'a Contents, counts_owners: bool) -> Self {
        Self { view, contents, counts_owners, hasher: Sha256::new(), listing: Vec::new() }
    }

    /// Adds what was selected.
    pub(in crate::build) fn add(&mut self, selected: &Selected) -> Result<(), SelectError> {
        self.text(selected.name.as_bytes());
        for parent in selected.parents.iter().flatten() {
            self.text(parent.path.as_os_str().as_bytes());
            self.header(parent);
        }
        self.entry(&selected.entry)
    }

    /// The digest of all that was added, and all that was added, folders before what is in them.
    pub(in crate::build) fn finish(self) -> (ContentDigest, Vec<Listed>) {
        (self.hasher.finalize().into(), self.listing)
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), SelectError> {
        self.header(entry);
        let content = self.content(entry)?;
        self.hasher.update(content);
        self.listing.push(Listed::new(entry, content));
        if entry.kind != Kind::Folder {
            return Ok(());
        }
        let children = self.view.children(entry)?;
        self.hasher.update((children.len() as u64).to_le_bytes());
        for child in &children {
            self.text(child.path.file_name().unwrap_or_default().as_bytes());
            self.entry(child)?;
        }
        Ok(())
    }

    /// The digest of an entry without its name, and of a folder without what is in it.
    fn content(&self, entry: &Entry) -> Result<ContentDigest, SelectError> {
        match entry.kind {
            Kind::File => {
                let open = || self.view.open(entry).map_err(SelectError::from);
                self.contents.digest(&entry.stat, open)
            }
            Kind::Link => Ok(Sha256::digest(self.view.link_target(entry)?.as_os_str().as_bytes()).into()),
            Kind::Special => Ok(Sha256::digest(entry.stat.st_rdev.to_le_bytes()).into()),
            Kind::Folder => self.folder_attributes(entry),
        }
    }

    fn folder_attributes(&self, folder: &Entry) -> Result<ContentDigest, SelectError> {
        let attributes = attributes(Carrier::File(self.view.open(folder)?.as_fd()))?;
        if attributes.is_empty() {
            return Ok(ContentDigest::default());
        }
        let mut hasher = Sha256::new();
        for part in attributes.iter().flat_map(|(name, value)| [name.to_bytes(), value.as_slice()]) {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Ok(hasher.finalize().into())
    }

    /// Type and permission bits, and the owner if it counts.
    fn header(&mut self, entry: &Entry) {
        self.hasher.update(entry.stat.st_mode.to_le_bytes());
        if self.counts_owners {
            self.hasher.update(entry.stat.st_uid.to_le_bytes());
            self.hasher.update(entry.stat.st_gid.to_le_bytes());
        }
    }

    /// A text with its length, so that no two sequences of texts look the same.
    fn text(&mut self, text: &[u8]) {
        self.hasher.update((text.len() as u64).to_le_bytes());
        self.hasher.update(text);
    }
}

impl Listed {
    fn new(entry: &Entry, content: ContentDigest) -> Self {
        let stat = &entry.stat;
        Self {
            path: entry.path.clone(),
            kind: entry.kind,
            mode: stat.st_mode,
            modified: (stat.st_mtime, stat.st_mtime_nsec),
            names: stat.st_nlink,
            content,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::files::select::select;
    use crate::build::input::ignore::Ignore;
    use crate::build::input::stat_cache::StatCache;
    use crate::build::scratch::Scratch;
    use crate::sys::{require, set_xattr};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn fingerprint(scratch: &Scratch, tree: &Path, ignore: &str) -> ContentDigest {
        let view = View::of_context(tree, Ignore::parse(ignore).expect("well formed")).expect("opened");
        let contents = Contents::new(StatCache::load(scratch.path().join("content")));
        let mut fingerprint = Fingerprint::new(&view, &contents, false);
        for selected in select(&view, "d").expect("there") {
            fingerprint.add(&selected).expect("read");
        }
        fingerprint.finish().0
    }

    #[test]
    fn times_do_not_count_but_content_mode_and_names_do() {
        let scratch = Scratch::new();
        let tree = scratch.tree("c", &[("d/f", "one"), ("d/g", "")]);
        let first = fingerprint(&scratch, &tree, "");
        let file = fs::File::options().write(true).open(tree.join("d/f")).expect("opened");
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("set");
        assert_eq!(fingerprint(&scratch, &tree, ""), first, "mtime");

        fs::set_permissions(tree.join("d/f"), fs::Permissions::from_mode(0o755)).expect("set");
        let second = fingerprint(&scratch, &tree, "");
        assert_ne!(second, first, "mode");

        fs::write(tree.join("d/f"), "two").expect("written");
        let third = fingerprint(&scratch, &tree, "");
        assert_ne!(third, second, "content");

        fs::rename(tree.join("d/g"), tree.join("d/h")).expect("renamed");
        assert_ne!(fingerprint(&scratch, &tree, ""), third, "name");
        assert_eq!(
            fingerprint(&scratch, &tree, "d/h"),
            fingerprint(&scratch, &tree, "d/h\nother"),
            "what is ignored is not there"
        );
    }

    #[test]
    fn attributes_of_folders_count() {
        require!(Root);
        let scratch = Scratch::new();
        let tree = scratch.tree("c", &[("d/sub/f", "one")]);
        let first = fingerprint(&scratch, &tree, "");
        let folder = fs::File::open(tree.join("d/sub")).expect("opened");
        set_xattr(Carrier::File(folder.as_fd()), c"user.team", b"web").expect("set");
        let second = fingerprint(&scratch, &tree, "");
        assert_ne!(second, first);
        set_xattr(Carrier::File(folder.as_fd()), c"user.team", b"db").expect("set");
        assert_ne!(fingerprint(&scratch, &tree, ""), second);
    }
}
