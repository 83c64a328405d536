//! Errors in a Dockerfile, with the place they are at.

use std::fmt;

/// A line of a Dockerfile, kept for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// The file as the user would name it.
    pub file: String,
    /// The line's number, from 1.
    pub line: usize,
    /// The line itself.
    pub text: String,
}

/// Something wrong at one place of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The line.
    pub at: SourceLine,
    /// The first wrong character, counted from 1.
    pub column: usize,
    /// How many characters are wrong.
    pub width: usize,
    /// What is wrong.
    pub message: String,
    /// What to do, when we know.
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    /// The message with its place, the source line, a caret below it and the hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SourceLine { file, line, text } = &self.at;
        writeln!(f, "{file}:{line}:{}: {}", self.column, self.message)?;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, " {number} | {text}")?;
        let indent: String = text.chars().take(self.column - 1).map(blank_like).collect();
        write!(f, " {margin} | {indent}{}", "^".repeat(self.width.max(1)))?;
        match &self.hint {
            Some(hint) => write!(f, " {hint}"),
            None => Ok(()),
        }
    }
}

/// A tab stays a tab, so that the caret stands below what it points at.
fn blank_like(c: char) -> char {
    if c == '\t' { '\t' } else { ' ' }
}

impl std::error::Error for Diagnostic {}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text.trim())
    }
}

/// The candidate nearest to `word`, if it is near enough to have been meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}
