//! The folders under watch, and what was in them when last looked at.
//!
//! Events only say where to look; what changed is what differs from the last look. So events that come
//! twice, late or not at all (a queue that ran over) cost a look and never a wrong result.

use super::rule::Rule;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::ops::Bound;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Who is told which folders matter. A folder is attended to before it is read, so that nothing made in
/// between is missed.
pub(super) trait Attention {
    /// Tells of changes in `folder` from now on.
    fn attend(&mut self, folder: &Path);
    /// Does so no longer.
    fn leave(&mut self, folder: &Path);
    /// A folder cannot be read, and is left out.
    fn unreadable(&mut self, folder: &Path, error: &std::io::Error);
}

/// Where something may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hint {
    /// At this path, or below it.
    At(PathBuf),
    /// A file was made here; who made it may still be writing.
    Made(PathBuf),
    /// The permissions of this path.
    Mode(PathBuf),
    /// Anywhere.
    Anywhere,
}

/// What is under watch.
#[derive(Debug, Default)]
pub(super) struct Tree {
    rules: Vec<Rule>,
    /// Files and folders that count, as last seen.
    known: BTreeMap<PathBuf, Stamp>,
    /// Folders attended to; those above a rule's path too, while the path itself is missing.
    attended: BTreeSet<PathBuf>,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    kind: u32,
    mode: u32,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let is_folder = metadata.is_dir();
        Self {
            kind: metadata.mode() & nix::libc::S_IFMT,
            mode: metadata.mode() & 0o7777,
            inode: metadata.ino(),
            // A folder's own size and time change with what is in it, which is looked at itself.
            size: if is_folder { 0 } else { metadata.size() },
            modified: if is_folder { (0, 0) } else { (metadata.mtime(), metadata.mtime_nsec()) },
        }
    }
}

impl Tree {
    /// Looks at everything that `rules` watch.
    pub(super) fn new(rules: Vec<Rule>, attention: &mut dyn Attention) -> Self {
        let mut tree = Self { rules, ..Self::default() };
        tree.look_at_roots(attention, &mut BTreeSet::new());
        tree
    }

    /// The rules.
    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Every file that counts now.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.known.keys().map(PathBuf::as_path)
    }

    /// How many folders are attended to.
    pub(super) fn folders(&self) -> usize {
        self.attended.len()
    }

    /// Looks where `hint` says, and adds what differs from the last look to `changed`.
    pub(super) fn look(
        &mut self,
        hint: Hint,
        attention: &mut dyn Attention,
        changed: &mut BTreeSet<PathBuf>,
    ) {
        match hint {
            Hint::At(path) => self.look_at(&path, attention, changed),
            Hint::Made(path) if is_being_written(&path) => {}
            Hint::Made(path) => self.look_at(&path, attention, changed),
            Hint::Mode(path) => self.look_at_mode(&path, changed),
            Hint::Anywhere => self.look_everywhere(attention, changed),
        }
    }

    fn look_at(&mut self, path: &Path, attention: &mut dyn Attention, changed: &mut BTreeSet<PathBuf>) {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.look_at_folder(path, &metadata, attention, changed),
            // Sockets and pipes are no business of another machine's processes.
            Ok(metadata) if !metadata.is_file() && !metadata.is_symlink() => {}
            Ok(metadata) if self.rules.iter().any(|rule| counts(rule, path)) => {
                // It may have been a folder.
                self.forget_below(path, attention, changed);
                self.remember(path, &metadata, changed);
            }
            Ok(_) => {}
            Err(_) => self.forget(path, attention, changed),
        }
    }

    fn look_at_folder(
        &mut self,
        path: &Path,
        metadata: &Metadata,
        attention: &mut dyn Attention,
        changed: &mut BTreeSet<PathBuf>,
    ) {
        let leads_to_rule = self.rules.iter().any(|rule| rule.path.starts_with(path) && rule.path != path);
        let is_wanted = self.rules.iter().any(|rule| rule.path.parent() == Some(path) || is_open(rule, path));
        if leads_to_rule && !is_wanted {
            // A step on the way to a rule's path, which was missing.
            return self.look_at_roots(attention, changed);
        }
        if !is_wanted {
            return;
        }
        if self.rules.iter().any(|rule| counts(rule, path)) {
            self.remember(path, metadata, changed);
        }
        if self.attended.insert(path.to_owned()) {
            attention.attend(path);
            self.look_inside(path, attention, changed);
        }
    }

    fn look_inside(&mut self, folder: &Path, attention: &mut dyn Attention, changed: &mut BTreeSet<PathBuf>) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                // What has gone meanwhile is told by another event.
                if error.kind() != std::io::ErrorKind::NotFound {
                    attention.unreadable(folder, &error);
                }
                return;
            }
        };
        for entry in entries.flatten() {
            self.look_at(&entry.path(), attention, changed);
        }
    }

    /// Attends to the path of each rule, or to the nearest folder there is above it.
    fn look_at_roots(&mut self, attention: &mut dyn Attention, changed: &mut BTreeSet<PathBuf>) {
        let roots: BTreeSet<PathBuf> = self.rules.iter().map(|rule| rule.path.clone()).collect();
        for root in roots {
            let anchor = anchor(&root);
            if anchor != root && self.attended.insert(anchor.clone()) {
                attention.attend(&anchor);
            }
            if fs::symlink_metadata(&root).is_ok() {
                self.look_at(&root, attention, changed);
            }
        }
    }

    fn look_at_mode(&mut self, path: &Path, changed: &mut BTreeSet<PathBuf>) {
        let (Some(known), Ok(metadata)) = (self.known.get_mut(path), fs::symlink_metadata(path)) else {
            return;
        };
        let mode = Stamp::of(&metadata).mode;
        if known.mode != mode {
            known.mode = mode;
            changed.insert(path.to_owned());
        }
    }

    /// Every path again: what events were lost for is found by its stamp.
    fn look_everywhere(&mut self, attention: &mut dyn Attention, changed: &mut BTreeSet<PathBuf>) {
        for path in self.known.keys().cloned().collect::<Vec<_>>() {
            self.look_at(&path, attention, changed);
        }
        for folder in self.attended.iter().cloned().collect::<Vec<_>>() {
            if self.rules.iter().any(|rule| is_open(rule, &folder)) {
                self.look_inside(&folder, attention, changed);
            }
        }
        self.look_at_roots(attention, changed);
    }

    fn remember(&mut self, path: &Path, metadata: &Metadata, changed: &mut BTreeSet<PathBuf>) {
        let stamp = Stamp::of(metadata);
        if self.known.insert(path.to_owned(), stamp) != Some(stamp) {
            changed.insert(path.to_owned());
        }
    }

    /// The path is gone, and all below it.
    fn forget(&mut self, path: &Path, attention: &mut dyn Attention, changed: &mut BTreeSet<PathBuf>) {
        if self.known.remove(path).is_some() {
            changed.insert(path.to_owned());
        }
        self.forget_below(path, attention, changed);
        let is_root = self.rules.iter().any(|rule| rule.path.starts_with(path));
        if is_root {
            self.look_at_roots(attention, changed);
        }
    }

    fn forget_below(&mut self, path: &Path, attention: &mut dyn Attention, changed: &mut BTreeSet<PathBuf>) {
        let known = below(path, self.known.range(from(path)).map(|(path, _)| path));
        for gone in known.into_iter().filter(|known| known != path) {
            self.known.remove(&gone);
            changed.insert(gone);
        }
        for folder in below(path, self.attended.range(from(path))) {
            self.attended.remove(&folder);
            attention.leave(&folder);
        }
    }
}

fn from(path: &Path) -> (Bound<PathBuf>, Bound<PathBuf>) {
    (Bound::Included(path.to_owned()), Bound::Unbounded)
}

/// Those at or below `path`; paths sort so that they follow each other.
fn below<'a>(path: &Path, paths: impl Iterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    paths.take_while(|other| other.starts_with(path)).cloned().collect()
}

/// Whether a change at `path` counts for the rule.
pub(super) fn counts(rule: &Rule, path: &Path) -> bool {
    path.starts_with(&rule.path) && rule.filter.counts(path)
}

/// Whether the rule wants to know what is in the folder at `path`.
fn is_open(rule: &Rule, path: &Path) -> bool {
    path.starts_with(&rule.path) && !rule.filter.prunes(path)
}

/// The folder in which changes of `root` show: itself, or the nearest one above it that is there.
fn anchor(root: &Path) -> PathBuf {
    let is_folder = |path: &Path| fs::metadata(path).is_ok_and(|metadata| metadata.is_dir());
    root.ancestors().find(|path| is_folder(path)).unwrap_or(Path::new("/")).to_owned()
}

/// A new file with one name: whoever opened it will close it, which is another event. Files that came
/// by a link or a rename are whole already.
fn is_being_written(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.nlink() == 1)
}
