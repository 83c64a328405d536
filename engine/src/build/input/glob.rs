//! Path patterns of COPY sources and `.dockerignore`.
//!
//! `*`, `?` and `[…]` stop at `/` (Go's `filepath.Match`); `**` crosses it (moby's `patternmatcher`):
//! at the end it matches the rest, elsewhere any number of whole folders, none included.

/// A pattern that means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// `[` without `]`, or nothing between them.
    #[error("a `[` is never closed by `]`")]
    OpenClass,
    /// A lone escape character at the end.
    #[error("nothing follows the last `\\`")]
    LoneEscape,
}

/// A pattern, ready to match.
#[derive(Debug, Clone)]
pub(in crate::build) struct Glob {
    tokens: Vec<Token>,
    /// The literal end: what does not end so cannot match, and most paths do not.
    tail: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This character.
    Literal(char),
    /// `?`.
    One,
    /// `[…]`: one of these ranges, or with `^` none of them.
    Class { is_negated: bool, ranges: Vec<(char, char)> },
    /// `*`.
    Any,
    /// `**/`: whole folders.
    Folders,
    /// `**` at the end.
    Rest,
}

/// Whether `text` has characters that make it a pattern.
pub(in crate::build) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '\\'])
}

impl Glob {
    /// Reads a pattern.
    pub(in crate::build) fn new(pattern: &str) -> Result<Self, GlobError> {
        let mut tokens = Vec::new();
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            let (token, length) = match c {
                '*' if rest.starts_with("**") => double_star(rest),
                '*' => (Token::Any, 1),
                '?' => (Token::One, 1),
                '[' => class(rest)?,
                '\\' => {
                    let escaped = rest[1..].chars().next().ok_or(GlobError::LoneEscape)?;
                    (Token::Literal(escaped), 1 + escaped.len_utf8())
                }
                c => (Token::Literal(c), c.len_utf8()),
            };
            tokens.push(token);
            rest = &rest[length..];
        }
        let tail =
            tokens.iter().rev().map_while(Token::literal).collect::<Vec<_>>().into_iter().rev().collect();
        Ok(Self { tokens, tail })
    }

    /// Whether all of `path` matches. Time is bounded by pattern times path.
    pub(in crate::build) fn matches(&self, path: &str) -> bool {
        if !path.ends_with(&self.tail) {
            return false;
        }
        let mut reached = vec![false; self.tokens.len() + 1];
        self.enter(&mut reached, 0);
        for c in path.chars() {
            let mut following = vec![false; reached.len()];
            for index in (0..self.tokens.len()).filter(|index| reached[*index]) {
                self.step(&mut following, index, c);
            }
            reached = following;
        }
        reached[self.tokens.len()]
    }

    /// Reaches the token at `index`, and what follows those that may match nothing.
    fn enter(&self, reached: &mut [bool], index: usize) {
        reached[index] = true;
        if matches!(self.tokens.get(index), Some(Token::Any | Token::Folders | Token::Rest)) {
            self.enter(reached, index + 1);
        }
    }

    /// Consumes `c` by the token at `index`.
    fn step(&self, following: &mut [bool], index: usize, c: char) {
        match &self.tokens[index] {
            Token::Literal(literal) if *literal == c => self.enter(following, index + 1),
            Token::One if c != '/' => self.enter(following, index + 1),
            Token::Class { is_negated, ranges } => {
                let is_in = ranges.iter().any(|(first, last)| (*first..=*last).contains(&c));
                if c != '/' && is_in != *is_negated {
                    self.enter(following, index + 1);
                }
            }
            Token::Any if c != '/' => self.enter(following, index),
            Token::Rest => self.enter(following, index),
            Token::Folders => {
                following[index] = true;
                if c == '/' {
                    self.enter(following, index + 1);
                }
            }
            Token::Literal(_) | Token::One | Token::Any => {}
        }
    }
}

impl Token {
    fn literal(&self) -> Option<char> {
        match self {
            Self::Literal(c) => Some(*c),
            _ => None,
        }
    }
}

/// `**` and the slash after it.
fn double_star(rest: &str) -> (Token, usize) {
    match &rest[2..] {
        "" | "/" => (Token::Rest, rest.len()),
        tail if tail.starts_with('/') => (Token::Folders, 3),
        _ => (Token::Folders, 2),
    }
}

/// `[abc]`, `[a-z]`, `[^…]`, with `\` before special characters.
fn class(rest: &str) -> Result<(Token, usize), GlobError> {
    let mut chars = rest.char_indices().skip(1).peekable();
    let is_negated = chars.next_if(|(_, c)| *c == '^').is_some();
    let mut ranges: Vec<(char, char)> = Vec::new();
    let next = |chars: &mut std::iter::Peekable<_>| -> Option<(usize, char, bool)> {
        let (index, c): (usize, char) = Iterator::next(chars)?;
        match c {
            '\\' => Iterator::next(chars).map(|(index, c)| (index, c, true)),
            c => Some((index, c, false)),
        }
    };
    loop {
        let (index, first, is_escaped) = next(&mut chars).ok_or(GlobError::OpenClass)?;
        if first == ']' && !is_escaped {
            if ranges.is_empty() {
                return Err(GlobError::OpenClass);
            }
            return Ok((Token::Class { is_negated, ranges }, index + 1));
        }
        let last = match chars.next_if(|(_, c)| *c == '-') {
            Some(_) => next(&mut chars).ok_or(GlobError::OpenClass)?.1,
            None => first,
        };
        ranges.push((first, last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let glob = Glob::new(pattern).expect(pattern);
        for path in matching {
            assert!(glob.matches(path), "{pattern} must match {path}");
        }
        for path in others {
            assert!(!glob.matches(path), "{pattern} must not match {path}");
        }
    }

    #[test]
    fn single_stars_and_classes_stop_at_slashes() {
        check("*.txt", &["a.txt", ".txt"], &["a/b.txt", "a.txt.x"]);
        check("a?c", &["abc"], &["a/c", "ac"]);
        check("[a-c]x[^0-9]", &["axy", "cxz"], &["dxy", "ax1", "ax/"]);
        check("a\\*[\\]]", &["a*]"], &["ab]"]);
    }

    #[test]
    fn double_stars_cross_them() {
        check("**/x", &["x", "a/x", "a/b/x"], &["ax", "a/xb"]);
        check("a/**", &["a/b", "a/b/c"], &["a", "ab"]);
        check("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb"]);
        check("**", &["a", "a/b"], &[]);
        check("**/*.pyc", &["a.pyc", "x/y/a.pyc"], &["a.py"]);
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for pattern in ["[a", "[]", "a\\", "[a-"] {
            assert!(Glob::new(pattern).is_err(), "{pattern} was accepted");
        }
    }
}
