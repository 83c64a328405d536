//! `COPY --parents`: sources that bring the folders they lie in, from the first inner `/./` on.

use super::{SelectError, Selected, not_found, select};
use crate::build::input::glob::{Glob, is_pattern};
use crate::build::input::path::clean;
use crate::build::input::view::{Entry, Kind, View};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

/// Any number of folders.
const ANY_DEPTH: &str = "**";

/// Finds what `source` names. A path without wildcards must be there.
pub(super) fn select_with_parents(view: &View, source: &str) -> Result<Vec<Selected>, SelectError> {
    let (base, rest) = split(source);
    let mut walk = Walk { view, source, found: Vec::new(), paths: BTreeSet::new() };
    for base in select(view, &base)?.into_iter().filter(|base| base.entry.kind == Kind::Folder) {
        let names: Vec<&str> = rest.split('/').filter(|name| !name.is_empty()).collect();
        match names.as_slice() {
            [] => walk.add(base.entry, OsString::new(), &[]),
            names => walk.folder(&base.entry, names, &mut Vec::new())?,
        }
    }
    if walk.found.is_empty() && !is_pattern(source) {
        return Err(not_found(view, source));
    }
    Ok(walk.found)
}

/// What comes before the first inner `/./`, and the path that is kept.
fn split(source: &str) -> (String, String) {
    let trimmed = source.trim_start_matches('/');
    let mut inner = trimmed;
    while let Some(rest) = inner.strip_prefix("./") {
        inner = rest.trim_start_matches('/');
    }
    match inner.split_once("/./") {
        Some((base, rest)) => (clean(base), clean(rest)),
        None => (String::new(), clean(inner)),
    }
}

struct Walk<'a> {
    view: &'a View,
    source: &'a str,
    found: Vec<Selected>,
    paths: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    /// Finds what `names` mean below `folder`, to which `parents` lead.
    fn folder(
        &mut self,
        folder: &Entry,
        names: &[&str],
        parents: &mut Vec<Entry>,
    ) -> Result<(), SelectError> {
        let Some((first, rest)) = names.split_first() else { return Ok(()) };
        if *first == ANY_DEPTH && !rest.is_empty() {
            self.folder(folder, rest, parents)?;
        }
        let refuse = |source| SelectError::Pattern { pattern: self.source.to_owned(), source };
        let glob = Glob::new(first).map_err(refuse)?;
        for child in self.view.children(folder)? {
            if self.paths.contains(&child.path) {
                continue;
            }
            let name = child.path.file_name().unwrap_or_default().to_owned();
            let is_match = *first == ANY_DEPTH || glob.matches(&name.to_string_lossy());
            match (is_match, rest.is_empty()) {
                (false, _) => {}
                (true, true) => self.add(child, name, parents),
                (true, false) if child.kind == Kind::Folder => {
                    let next = if *first == ANY_DEPTH { names } else { rest };
                    parents.push(child.clone());
                    self.folder(&child, next, parents)?;
                    parents.pop();
                }
                (true, false) => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, entry: Entry, name: OsString, parents: &[Entry]) {
        if self.paths.insert(entry.path.clone()) {
            self.found.push(Selected { entry, name, parents: Some(parents.to_vec()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::input::ignore::Ignore;
    use crate::build::scratch::Scratch;

    fn kept(source: &str) -> Result<Vec<String>, String> {
        let scratch = Scratch::new();
        let tree =
            scratch.tree("c", &[("a/b/c.txt", ""), ("a/b/d.md", ""), ("a/e/c.txt", ""), ("f.txt", "")]);
        let view = View::of_context(&tree, Ignore::default()).expect("opened");
        let path = |selected: &Selected| {
            let parents = selected.parents.iter().flatten().filter_map(|parent| parent.path.file_name());
            let path: PathBuf = parents.chain([selected.name.as_os_str()]).collect();
            path.display().to_string()
        };
        let found = select_with_parents(&view, source).map_err(|error| error.to_string())?;
        Ok(found.iter().map(path).collect())
    }

    #[test]
    fn the_path_is_kept_from_the_first_inner_dot_on() {
        for (source, expected) in [
            ("a/b/c.txt", &["a/b/c.txt"][..]),
            ("./a/b/c.txt", &["a/b/c.txt"]),
            ("a/./b/c.txt", &["b/c.txt"]),
            ("a/b/.", &["a/b"]),
            ("a/*/c.txt", &["a/b/c.txt", "a/e/c.txt"]),
            ("a/*/./c.txt", &["c.txt", "c.txt"]),
            ("**/*.txt", &["f.txt", "a/b/c.txt", "a/e/c.txt"]),
            ("a/**/d.md", &["a/b/d.md"]),
            ("none/*.txt", &[]),
        ] {
            assert_eq!(kept(source).expect(source), expected, "{source}");
        }
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        assert!(kept("a/none").is_err());
        assert!(kept("none/./x").is_err());
    }
}
