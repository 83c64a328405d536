//! Which files a COPY source names.

use crate::build::input::glob::{Glob, GlobError, is_pattern};
use crate::build::input::ignore::{Ignore, Verdict};
use crate::build::input::path::{base_name, clean};
use crate::build::input::view::{Entry, Found, Kind, View, ViewError};
use std::ffi::OsString;
use std::io;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::input::ignore::Ignore;
    use crate::build::scratch::Scratch;
    use std::os::unix::fs::symlink;

    fn context(path: &Path, ignore: &str) -> View {
        View::of_context(path, Ignore::parse(ignore).expect("well formed")).expect("opened")
    }

    fn names(view: &View, source: &str) -> Vec<String> {
        let selected = select(view, source).expect(source);
        selected.iter().map(|found| format!("{}", found.entry.path.display())).collect()
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
}
