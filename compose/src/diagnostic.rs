//! What is wrong with a file, where, and how to mend it.
//!
//! Values never appear in messages unless the file shows them anyway; sources marked
//! confidential (environment files) are named by line, never quoted.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The project cannot be used.
    Error,
    /// It can be used, but perhaps not as meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where, if it is in a file.
    pub place: Option<Place>,
    /// What led there: includes, extensions, aliases, variables; outermost last.
    pub notes: Vec<Note>,
    /// How to mend it, where we know.
    pub hint: Option<String>,
}

/// Something else that has to do with a diagnostic, such as the `include` through which a file came.
#[derive(Debug, Clone)]
pub struct Note {
    /// What it is: lower case, no full stop.
    pub message: String,
    /// Where, if it is in a file.
    pub place: Option<Place>,
}

/// A text that diagnostics point into.
#[derive(Debug)]
pub struct Source {
    /// The file, as the user named it.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Whether its lines may hold secrets and are never shown.
    pub is_confidential: bool,
}

/// A place in a file.
#[derive(Debug, Clone)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters of the line are meant; 0 is a single point.
    pub length: usize,
}

impl Place {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The line itself, where it may be shown.
    fn line_text(&self) -> Option<&str> {
        if self.source.is_confidential {
            return None;
        }
        self.source.text.lines().nth(self.line.checked_sub(1)?)
    }

    /// The byte range in the source's text.
    fn range(&self) -> std::ops::Range<usize> {
        let text = &self.source.text;
        let line_start = match self.line {
            0 | 1 => 0,
            line => text.match_indices('\n').nth(line - 2).map_or(text.len(), |(at, _)| at + 1),
        };
        let line = text[line_start..].lines().next().unwrap_or("");
        let byte = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        let start = byte(self.column.saturating_sub(1));
        let end = byte(self.column.saturating_sub(1) + self.length.max(1));
        line_start + start..line_start + end
    }
}

impl fmt::Display for Place {
    /// `file:line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path().display(), self.line, self.column)
    }
}

impl Diagnostic {
    /// An error without a place.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            place: None,
            notes: Vec::new(),
            hint: None,
        }
    }

    /// A warning without a place.
    #[must_use]
    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    /// The same at `place`.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with one more note.
    #[must_use]
    pub fn note(mut self, note: Note) -> Self {
        self.notes.push(note);
        self
    }

    /// The message with file, line, snippet and hint, as rustc lays it out, without a final newline.
    #[must_use]
    pub fn render(&self, is_coloured: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&self.message);
        let shown = self.place.as_ref().map(|place| (place, place.to_string()));
        let mut group = match &shown {
            Some((place, _)) if !place.source.is_confidential => title.element(
                Snippet::source(&place.source.text)
                    .path(place.path().to_string_lossy().into_owned())
                    .annotation(AnnotationKind::Primary.span(place.range())),
            ),
            Some((_, location)) => Group::with_title(title).element(Level::NOTE.no_name().message(location)),
            None => Group::with_title(title),
        };
        for note in &self.notes {
            group = group.element(Level::NOTE.message(note.to_string()));
        }
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.message(hint));
        }
        let renderer = if is_coloured { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl fmt::Display for Note {
    /// `message at file:line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.place.as_ref().map_or(Ok(()), |place| write!(f, " at {place}"))
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// For programs: `severity`, `message`, and where known `file`, `line`, `column`, `length`, `text`, `notes`, `hint`.
impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("severity", &self.severity.to_string())?;
        map.serialize_entry("message", &self.message)?;
        serialize_place(&mut map, self.place.as_ref())?;
        if let Some(text) = self.place.as_ref().and_then(Place::line_text) {
            map.serialize_entry("text", text)?;
        }
        if !self.notes.is_empty() {
            map.serialize_entry("notes", &self.notes)?;
        }
        if let Some(hint) = &self.hint {
            map.serialize_entry("hint", hint)?;
        }
        map.end()
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("message", &self.message)?;
        serialize_place(&mut map, self.place.as_ref())?;
        map.end()
    }
}

fn serialize_place<M: SerializeMap>(map: &mut M, place: Option<&Place>) -> Result<(), M::Error> {
    let Some(place) = place else { return Ok(()) };
    map.serialize_entry("file", &place.path().to_string_lossy())?;
    map.serialize_entry("line", &place.line)?;
    map.serialize_entry("column", &place.column)?;
    map.serialize_entry("length", &place.length)
}

/// Everything that is wrong with a project's files, in the order of the files.
#[derive(Debug, Clone)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// All of them, with an empty line between each two.
    #[must_use]
    pub fn render(&self, is_coloured: bool) -> String {
        let rendered: Vec<_> = self.0.iter().map(|diagnostic| diagnostic.render(is_coloured)).collect();
        rendered.join("\n\n")
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate most like `given`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(given, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + given.len().max(candidate.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
