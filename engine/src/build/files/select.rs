//! Which files a COPY source names, and one digest of all that would be copied.

use crate::build::input::contents::Contents;
use crate::build::input::glob::{Glob, GlobError, is_pattern};
use crate::build::input::ignore::{Ignore, Verdict};
use crate::build::input::path::{base_name, clean};
use crate::build::input::view::{Entry, Found, Kind, View, ViewError};
use sha2::{Digest as _, Sha256};
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

mod parents;

/// A source that cannot be copied.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// There is nothing of that name.
    #[error("`{path}` is not in {place}")]
    NotFound {
        /// The source as written.
        path: String,
        /// Where it was looked for.
        place: &'static str,
    },
    /// The pattern means nothing.
    #[error("`{pattern}` is not a pattern")]
    Pattern {
        /// The source as written.
        pattern: String,
        /// Why.
        #[source]
        source: GlobError,
    },
    /// The tree could not be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A file could not be read.
    #[error("cannot read a file to be copied")]
    Read(#[from] io::Error),
}

/// Something to copy.
#[derive(Debug)]
pub(in crate::build) struct Selected {
    /// What it is, links followed.
    pub(in crate::build) entry: Entry,
    /// The name it was found by, which it keeps in a destination folder.
    pub(in crate::build) name: OsString,
    /// The folders that come along (`--parents`), outermost first; `None` if none shall.
    pub(in crate::build) parents: Option<Vec<Entry>>,
}

/// How sources name files.
#[derive(Debug, Default)]
pub(in crate::build) struct Selection {
    /// What is left out (`--exclude`).
    pub(in crate::build) excludes: Option<Arc<Ignore>>,
    /// Whether folders come along (`--parents`).
    pub(in crate::build) keeps_parents: bool,
}

impl Selection {
    /// Finds what `source` names in `view` under these rules.
    pub(in crate::build) fn select(&self, view: &View, source: &str) -> Result<Vec<Selected>, SelectError> {
        let found = if self.keeps_parents {
            parents::select_with_parents(view, source)?
        } else {
            select(view, source)?
        };
        let Some(excludes) = &self.excludes else { return Ok(found) };
        let is_kept = |selected: &Selected| {
            let name = selected.name.to_string_lossy();
            selected.entry.kind == Kind::Folder || !excludes.judge(&Verdict::default(), &name).is_excluded
        };
        let without = |selected: Selected| Selected { entry: selected.entry.without(excludes), ..selected };
        Ok(found.into_iter().filter(is_kept).map(without).collect())
    }
}

/// Finds what `source` names in `view`. A pattern that matches nothing names nothing.
pub(in crate::build) fn select(view: &View, source: &str) -> Result<Vec<Selected>, SelectError> {
    let path = clean(source);
    if !is_pattern(&path) {
        let name = base_name(&path).unwrap_or_default().into();
        return match view.resolve(Path::new(&path))? {
            Found::Entry(entry) => Ok(vec![Selected { entry, name, parents: None }]),
            Found::Missing(_) => Err(not_found(view, source)),
        };
    }
    let refuse = |error| SelectError::Pattern { pattern: source.to_owned(), source: error };
    let globs = path.split('/').map(Glob::new).collect::<Result<Vec<_>, _>>().map_err(refuse)?;
    let root = view.root()?.into_iter().map(|entry| Selected { entry, name: OsString::new(), parents: None });
    globs.iter().try_fold(root.collect(), |found, glob| matching_children(view, found, glob))
}

pub(in crate::build) fn not_found(view: &View, source: &str) -> SelectError {
    let place =
        if view.is_context() { "the build context, or is left out by .dockerignore" } else { "the image" };
    SelectError::NotFound { path: source.to_owned(), place }
}

/// The children of all folders in `folders` whose name matches, links followed.
fn matching_children(view: &View, folders: Vec<Selected>, glob: &Glob) -> Result<Vec<Selected>, SelectError> {
    let mut found = Vec::new();
    for folder in folders.iter().filter(|folder| folder.entry.kind == Kind::Folder) {
        for child in view.children(&folder.entry)? {
            let name = child.path.file_name().unwrap_or_default().to_owned();
            if !glob.matches(&name.to_string_lossy()) {
                continue;
            }
            let followed =
                if child.kind == Kind::Link { view.resolve(&child.path)? } else { Found::Entry(child) };
            if let Found::Entry(entry) = followed {
                found.push(Selected { entry, name, parents: None });
            }
        }
    }
    Ok(found)
}

/// Digests trees: names, kinds, modes, link targets and content, never times.
pub(in crate::build) struct Fingerprint<'a> {
    view: &'a View,
    contents: &'a Contents,
    /// Whether owners count: not for the context, nor where `--chown` replaces them.
    counts_owners: bool,
    hasher: Sha256,
}

impl<'a> Fingerprint<'a> {
    pub(in crate::build) fn new(view: &'a View, contents: &'a Contents, counts_owners: bool) -> Self {
        Self { view, contents, counts_owners, hasher: Sha256::new() }
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

    /// The digest of all that was added.
    pub(in crate::build) fn finish(self) -> [u8; 32] {
        self.hasher.finalize().into()
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), SelectError> {
        self.header(entry);
        match entry.kind {
            Kind::File => {
                let view = self.view;
                let open = || view.open(entry).map_err(SelectError::from);
                let digest = self.contents.digest(&entry.stat, open)?;
                self.hasher.update(digest);
            }
            Kind::Link => self.text(self.view.link_target(entry)?.as_os_str().as_bytes()),
            Kind::Special => self.hasher.update(entry.stat.st_rdev.to_le_bytes()),
            Kind::Folder => {
                let children = self.view.children(entry)?;
                self.hasher.update((children.len() as u64).to_le_bytes());
                for child in &children {
                    self.text(child.path.file_name().unwrap_or_default().as_bytes());
                    self.entry(child)?;
                }
            }
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::input::ignore::Ignore;
    use crate::build::input::stat_cache::StatCache;
    use crate::build::scratch::Scratch;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn context(path: &Path, ignore: &str) -> View {
        View::of_context(path, Ignore::parse(ignore).expect("well formed")).expect("opened")
    }

    fn names(view: &View, source: &str) -> Vec<String> {
        let selected = select(view, source).expect(source);
        selected.iter().map(|found| format!("{}", found.entry.path.display())).collect()
    }

    fn fingerprint(scratch: &Scratch, view: &View, source: &str) -> [u8; 32] {
        let contents = Contents::new(StatCache::load(scratch.path().join("content")));
        let mut fingerprint = Fingerprint::new(view, &contents, false);
        for selected in select(view, source).expect(source) {
            fingerprint.add(&selected).expect("read");
        }
        fingerprint.finish()
    }

    #[test]
    fn patterns_match_name_by_name() {
        let scratch = Scratch::new();
        let tree = scratch
            .tree("c", &[("a.txt", ""), ("b.txt", ""), ("sub/x/f", ""), ("sub/y/f", ""), ("sub/y/g", "")]);
        let view = context(&tree, "b.txt");
        assert_eq!(names(&view, "*.txt"), ["a.txt"]);
        assert_eq!(names(&view, "/sub/*/f"), ["sub/x/f", "sub/y/f"]);
        assert_eq!(names(&view, "*.none"), Vec::<String>::new());
        assert_eq!(names(&view, "../sub/./y/g"), ["sub/y/g"]);
        assert!(matches!(select(&view, "b.txt"), Err(SelectError::NotFound { .. })));
    }

    #[test]
    fn links_to_what_is_named_are_followed_and_those_inside_kept() {
        let scratch = Scratch::new();
        let tree = scratch.tree("c", &[("real/f", "")]);
        symlink("real", tree.join("link")).expect("linked");
        symlink("/etc/hostname", tree.join("out")).expect("linked");
        let view = context(&tree, "");
        assert_eq!(names(&view, "link/f"), ["real/f"]);
        assert_eq!(names(&view, "lin*"), ["real"]);
        assert!(select(&view, "out").is_err(), "an absolute link starts at the context's root");
    }

    #[test]
    fn times_do_not_count_but_content_mode_and_names_do() {
        let scratch = Scratch::new();
        let tree = scratch.tree("c", &[("d/f", "one"), ("d/g", "")]);
        let first = fingerprint(&scratch, &context(&tree, ""), "d");
        let file = fs::File::options().write(true).open(tree.join("d/f")).expect("opened");
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("set");
        assert_eq!(fingerprint(&scratch, &context(&tree, ""), "d"), first, "mtime");

        fs::set_permissions(tree.join("d/f"), fs::Permissions::from_mode(0o755)).expect("set");
        let second = fingerprint(&scratch, &context(&tree, ""), "d");
        assert_ne!(second, first, "mode");

        fs::write(tree.join("d/f"), "two").expect("written");
        let third = fingerprint(&scratch, &context(&tree, ""), "d");
        assert_ne!(third, second, "content");

        fs::rename(tree.join("d/g"), tree.join("d/h")).expect("renamed");
        assert_ne!(fingerprint(&scratch, &context(&tree, ""), "d"), third, "name");
        assert_eq!(
            fingerprint(&scratch, &context(&tree, "d/h"), "d"),
            fingerprint(&scratch, &context(&tree, "d/h\nother"), "d"),
            "what is ignored is not there"
        );
    }
}
