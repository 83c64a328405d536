//! Which files below a rule's path count.
//!
//! A path does not count if one of three lists leaves it out: what editors and tools leave beside the
//! files they work on, the build's `.dockerignore`, the rule's `ignore`. All three speak the language of
//! .dockerignore and are judged from their own root. `include` narrows what is left.

use engine::build::{Ignore, IgnoreError, Verdict};
use std::path::{Path, PathBuf};

/// What a save leaves behind for a moment, and what no container wants; Docker Compose's own list.
const NOISE: &str = "\
**/.git
**/.svn
**/.idea
**/.DS_Store
**/*~
**/.*.swp
**/.*.swx
**/.*.swo
**/4913
**/.#*
**/#*#
**/*.kate-swp
**/*___jb_tmp___*
**/*___jb_old___*
**/*-go-tmp-umask
";

/// What counts below one folder.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    lists: Vec<List>,
    include: Option<Ignore>,
    root: PathBuf,
}

/// Patterns and the folder they are judged from.
#[derive(Debug, Clone)]
struct List {
    root: PathBuf,
    patterns: Ignore,
}

impl Filter {
    /// For a rule on `root`: its own patterns, and those of the build's context if the service has one.
    ///
    /// # Errors
    /// Names the line that is no pattern.
    pub(super) fn new(
        root: &Path,
        ignore: &[String],
        include: &[String],
        context: Option<(PathBuf, Ignore)>,
    ) -> Result<Self, IgnoreError> {
        let own = |patterns| List { root: root.to_owned(), patterns };
        let mut lists = vec![own(Ignore::parse(NOISE)?), own(Ignore::parse(&ignore.join("\n"))?)];
        lists.extend(context.map(|(root, patterns)| List { root, patterns }));
        let include = (!include.is_empty()).then(|| Ignore::parse(&include.join("\n"))).transpose()?;
        Ok(Self { lists, include, root: root.to_owned() })
    }

    /// Leaves nothing out.
    pub(super) fn everything(root: &Path) -> Self {
        Self { lists: Vec::new(), include: None, root: root.to_owned() }
    }

    /// Whether a change of the file at `path` counts.
    pub(super) fn counts(&self, path: &Path) -> bool {
        let is_included = self.include.as_ref().is_none_or(|include| is_named(include, &self.root, path));
        is_included && !self.lists.iter().any(|list| is_named(&list.patterns, &list.root, path))
    }

    /// Whether nothing in the folder at `path` can count, so that it need not be looked at.
    pub(super) fn prunes(&self, path: &Path) -> bool {
        self.lists.iter().any(|list| {
            is_named(&list.patterns, &list.root, path)
                && below(&list.root, path).is_some_and(|path| !list.patterns.may_include_below(&path))
        })
    }
}

/// Whether `patterns`, judged from `root` folder by folder, name `path`. The root itself is never named.
fn is_named(patterns: &Ignore, root: &Path, path: &Path) -> bool {
    let Some(path) = below(root, path) else { return false };
    let ends = path.match_indices('/').map(|(index, _)| index).chain([path.len()]);
    ends.fold(Verdict::default(), |parent, end| patterns.judge(&parent, &path[..end])).is_excluded
}

/// The path from `root` to `path` with slashes; nothing for the root itself and what lies elsewhere.
fn below(root: &Path, path: &Path) -> Option<String> {
    let inner = path.strip_prefix(root).ok()?.to_string_lossy().into_owned();
    (!inner.is_empty()).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(ignore: &[&str], include: &[&str], context: Option<(&str, &str)>) -> Filter {
        let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let context =
            context.map(|(root, text)| (PathBuf::from(root), Ignore::parse(text).expect("patterns")));
        Filter::new(Path::new("/p/src"), &own(ignore), &own(include), context).expect("patterns")
    }

    #[test]
    fn ignore_is_judged_from_the_rules_path() {
        let filter = filter(&["node_modules", "*.log"], &[], None);
        assert!(!filter.counts(Path::new("/p/src/node_modules/a/b.js")));
        assert!(!filter.counts(Path::new("/p/src/x.log")));
        assert!(filter.counts(Path::new("/p/src/deep/x.log")), "nothing matches at any depth without **");
        assert!(filter.prunes(Path::new("/p/src/node_modules")));
        assert!(!filter.prunes(Path::new("/p/src")));
    }

    #[test]
    fn dockerignore_is_judged_from_the_context() {
        let filter = filter(&[], &[], Some(("/p", "*\n!src/app\n")));
        assert!(filter.counts(Path::new("/p/src/app/a.py")));
        assert!(!filter.counts(Path::new("/p/src/other/a.py")));
        assert!(!filter.prunes(Path::new("/p/src/app")));
        assert!(filter.prunes(Path::new("/p/src/other")));
    }

    #[test]
    fn include_narrows_and_ignore_wins() {
        let filter = filter(&["**/skip.py"], &["**/*.py"], None);
        assert!(filter.counts(Path::new("/p/src/a/b.py")));
        assert!(!filter.counts(Path::new("/p/src/a/b.txt")));
        assert!(!filter.counts(Path::new("/p/src/a/skip.py")));
    }

    #[test]
    fn leavings_of_editors_do_not_count() {
        let filter = filter(&[], &[], None);
        for name in
            ["4913", "a.py~", ".a.py.swp", ".#a.py", "a.py___jb_tmp___", ".git/index", "sub/.git/HEAD"]
        {
            assert!(!filter.counts(&Path::new("/p/src").join(name)), "{name}");
        }
        assert!(filter.counts(Path::new("/p/src/.gitignore")));
    }

    #[test]
    fn a_rule_on_a_single_file_counts_it() {
        assert!(filter(&[], &[], None).counts(Path::new("/p/src")));
    }
}
