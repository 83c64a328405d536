//! `.dockerignore`: which files of the context a build does not see.
//!
//! The rules are moby's, not git's: patterns match from the context's root, the last that matches a
//! path or one of its parents decides, `!` takes back. Nothing matches at any depth without `**`.

use super::glob::{Glob, GlobError};
use super::path::clean;

/// A line that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{pattern}` is not a pattern")]
pub struct IgnoreError {
    /// The line's number, from 1.
    pub line: usize,
    /// The line.
    pub pattern: String,
    /// What is wrong with it; `None` for a lone `!`.
    #[source]
    pub source: Option<GlobError>,
}

/// The patterns of one file, in order.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    rules: Vec<Rule>,
    has_exceptions: bool,
}

#[derive(Debug, Clone)]
struct Rule {
    glob: Glob,
    is_exception: bool,
    /// For exceptions: the folder names before the first wildcard, below which they may match.
    literal: String,
}

/// What the rules say of one path. A child's verdict builds on its parent's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// For each rule, whether it matches the path or a parent.
    matched: Vec<bool>,
    /// Whether the path is left out.
    pub is_excluded: bool,
}

impl Ignore {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Names the line that is no pattern.
    pub fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
        Self::of(lines.map(|(index, line)| (index + 1, line)))
    }

    /// Reads numbered patterns, none of which is a comment.
    pub(in crate::build) fn of<'p>(
        patterns: impl Iterator<Item = (usize, &'p str)>,
    ) -> Result<Self, IgnoreError> {
        let mut rules = Vec::new();
        for (line, text) in patterns {
            rules.extend(Rule::parse(line, text.trim())?);
        }
        let has_exceptions = rules.iter().any(|rule| rule.is_exception);
        Ok(Self { rules, has_exceptions })
    }

    /// Judges `path`, a child of what `parent` was said of; slashes separate, none leads.
    #[must_use]
    pub fn judge(&self, parent: &Verdict, path: &str) -> Verdict {
        let mut verdict = Verdict { matched: Vec::with_capacity(self.rules.len()), is_excluded: false };
        for (index, rule) in self.rules.iter().enumerate() {
            let is_match = parent.matched.get(index).copied().unwrap_or(false) || rule.glob.matches(path);
            if is_match {
                verdict.is_excluded = !rule.is_exception;
            }
            verdict.matched.push(is_match);
        }
        verdict
    }

    /// Whether something below the excluded folder `path` may be taken back.
    #[must_use]
    pub fn may_include_below(&self, path: &str) -> bool {
        self.has_exceptions
            && self.rules.iter().filter(|rule| rule.is_exception).any(|rule| {
                let literal = rule.literal.as_str();
                is_same_or_below(path, literal) || is_same_or_below(literal, path)
            })
    }
}

impl Rule {
    /// Reads a pattern; `None` if it means nothing.
    fn parse(line: usize, text: &str) -> Result<Option<Self>, IgnoreError> {
        let refuse = |source| IgnoreError { line, pattern: text.to_owned(), source };
        let (pattern, is_exception) = match text.strip_prefix('!') {
            Some(pattern) => (pattern.trim(), true),
            None => (text, false),
        };
        if pattern.is_empty() && is_exception {
            return Err(refuse(None));
        }
        let pattern = clean(pattern);
        if pattern.is_empty() {
            return Ok(None);
        }
        let glob = Glob::new(&pattern).map_err(|source| refuse(Some(source)))?;
        Ok(Some(Self { glob, is_exception, literal: literal_folders(&pattern) }))
    }
}

/// The start of `pattern` that has no wildcard, as whole names.
fn literal_folders(pattern: &str) -> String {
    let names = pattern.split('/').take_while(|name| !super::glob::is_pattern(name));
    names.collect::<Vec<_>>().join("/")
}

fn is_same_or_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges a path as a walk from the root does.
    fn is_excluded(ignore: &Ignore, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(index, _)| index).chain([path.len()]);
        let judged = ends.fold(Verdict::default(), |parent, end| ignore.judge(&parent, &path[..end]));
        judged.is_excluded
    }

    fn check(text: &str, excluded: &[&str], kept: &[&str]) {
        let ignore = Ignore::parse(text).expect(text);
        for path in excluded {
            assert!(is_excluded(&ignore, path), "{text:?} must exclude {path}");
        }
        for path in kept {
            assert!(!is_excluded(&ignore, path), "{text:?} must keep {path}");
        }
    }

    #[test]
    fn patterns_are_anchored_at_the_root() {
        check("*.log\n/build/\n", &["a.log", "build", "build/x/y"], &["sub/a.log", "sub/build"]);
        check("**/*.log", &["a.log", "sub/deep/a.log"], &["a.log.txt"]);
    }

    #[test]
    fn the_last_match_decides_and_exceptions_reach_below() {
        check(
            "*\n!src\n!docs/keep.md\nsrc/*.tmp",
            &["a", "docs/other.md", "src/x.tmp"],
            &["src/x.rs", "docs/keep.md"],
        );
        check("docs\n!docs/README.md", &["docs/a"], &["docs/README.md"]);
        check("!a\na", &["a"], &[]);
    }

    #[test]
    fn comments_blanks_and_the_root_itself_mean_nothing() {
        check("# no\n\n  \n.\n/\n x \n #y", &["x", "#y"], &["no", "a"]);
    }

    #[test]
    fn a_folder_is_walked_only_if_an_exception_may_lie_below() {
        let ignore = Ignore::parse("a\nb\n!a/b/keep").expect("well formed");
        assert!(ignore.may_include_below("a") && ignore.may_include_below("a/b"));
        assert!(!ignore.may_include_below("b") && !ignore.may_include_below("a/c"));
        assert!(Ignore::parse("a\n!**/keep").expect("well formed").may_include_below("a"));
    }

    #[test]
    fn a_lone_exclamation_mark_is_an_error() {
        assert_eq!(Ignore::parse("a\n !").expect_err("refused").line, 2);
        assert!(Ignore::parse("[a").is_err());
    }
}
