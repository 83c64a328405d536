//! The text of a Dockerfile and places in it.

use super::{Diagnostic, SourceLine};

/// A few characters on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The first character, from 1.
    pub(crate) column: usize,
    /// How many characters.
    pub(crate) width: usize,
}

/// A Dockerfile's text, line by line.
#[derive(Debug)]
pub(crate) struct Source {
    file: String,
    lines: Vec<String>,
}

impl Source {
    /// Splits `text` into lines; a byte order mark and carriage returns are dropped.
    pub(crate) fn new(file: impl Into<String>, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { file: file.into(), lines: text.lines().map(str::to_owned).collect() }
    }

    /// All lines, without their ends.
    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Line `number`, from 1, for a message.
    pub(crate) fn line(&self, number: usize) -> SourceLine {
        let text = self.lines.get(number.saturating_sub(1)).cloned().unwrap_or_default();
        SourceLine { file: self.file.clone(), line: number, text }
    }

    /// An error at `span`.
    pub(crate) fn error(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        let message = message.into();
        Diagnostic { at: self.line(span.line), column: span.column, width: span.width, message, hint: None }
    }
}

/// A text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located<T> {
    /// What stands there.
    pub(crate) value: T,
    /// Where.
    pub(crate) span: Span,
}
