//! What the loader has found so far, and the sources it points into.

use super::node::{SourceId, Span};
use crate::diagnostic::{Diagnostic, Diagnostics, Note, Place, Severity, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Collects diagnostics, so that one run names all independent errors.
#[derive(Debug, Default)]
pub(super) struct Report {
    sources: Vec<Registered>,
    found: Vec<(Option<Span>, Diagnostic)>,
    /// What led to the values that are looked at now, outermost first.
    context: Vec<(&'static str, Span)>,
    /// Whether what only keeps containers from being made is no more than a warning.
    pub(super) is_lenient: bool,
    /// Whether a file could not be read, so that nothing can be said about what it may define.
    pub(super) is_incomplete: bool,
}

/// A source, and what named it if another file did.
#[derive(Debug)]
struct Registered {
    source: Arc<Source>,
    arrival: Option<Arrival>,
}

/// Through which line of another file a file came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    /// `included` or `extended`.
    pub(super) how: &'static str,
    pub(super) span: Span,
}

impl Report {
    /// Registers a text that spans will point into.
    pub(super) fn add_source(&mut self, path: &Path, text: String, arrival: Option<Arrival>) -> SourceId {
        self.register(Source { path: path.to_owned(), text, is_confidential: false }, arrival)
    }

    /// Registers a text that may hold secrets; its lines are never shown.
    pub(super) fn add_confidential(&mut self, path: &Path, text: String) -> SourceId {
        self.register(Source { path: path.to_owned(), text, is_confidential: true }, None)
    }

    /// The one that will be registered next.
    pub(super) fn next_source(&self) -> SourceId {
        SourceId(u16::try_from(self.sources.len()).unwrap_or(u16::MAX))
    }

    fn register(&mut self, source: Source, arrival: Option<Arrival>) -> SourceId {
        let id = self.next_source();
        self.sources.push(Registered { source: Arc::new(source), arrival });
        id
    }

    /// Whether one more source can be told from the others.
    pub(super) fn has_room(&self) -> bool {
        self.sources.len() < usize::from(u16::MAX)
    }

    pub(super) fn text(&self, id: SourceId) -> Arc<Source> {
        Arc::clone(&self.sources[usize::from(id.0)].source)
    }

    /// Notes an error at `span`; the caller may add a hint to what is returned.
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(span, Diagnostic::error(message))
    }

    /// Notes a warning at `span`.
    pub(super) fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(span, Diagnostic::warning(message))
    }

    /// Notes what keeps containers from being made: an error for whoever is about to make some.
    pub(super) fn doubt(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        if self.is_lenient { self.warning(span, message) } else { self.error(span, message) }
    }

    /// Notes something that stands in no file.
    pub(super) fn note(&mut self, diagnostic: Diagnostic) {
        self.found.push((None, diagnostic));
    }

    /// Everything noted until [`Self::leave`] was led to by `span`.
    pub(super) fn enter(&mut self, how: &'static str, span: Span) {
        self.context.push((how, span));
    }

    /// Ends what the last [`Self::enter`] began.
    pub(super) fn leave(&mut self) {
        self.context.pop();
    }

    fn push(&mut self, span: Span, diagnostic: Diagnostic) -> &mut Diagnostic {
        let mut diagnostic = diagnostic.at(self.place(span));
        for (how, from) in self.context.iter().rev() {
            diagnostic.notes.push(self.note_at(*how, *from));
        }
        diagnostic.notes.extend(self.arrivals(span.source));
        self.found.push((Some(span), diagnostic));
        let (_, last) = self.found.last_mut().expect("one was just pushed");
        last
    }

    /// The lines through which a source came, innermost first.
    pub(super) fn arrivals(&self, source: SourceId) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut next = self.sources[usize::from(source.0)].arrival;
        while let Some(Arrival { how, span }) = next {
            notes.push(self.note_at(how, span));
            next = self.sources[usize::from(span.source.0)].arrival;
        }
        notes
    }

    pub(super) fn note_at(&self, message: impl Into<String>, span: Span) -> Note {
        Note { message: message.into(), place: Some(self.place(span)) }
    }

    /// A span as a place of a diagnostic.
    pub(super) fn place(&self, span: Span) -> Place {
        Place {
            source: self.text(span.source),
            line: span.line as usize,
            column: span.column as usize,
            length: span.length as usize,
        }
    }

    /// The files of all sources in their order; those below `folder` by their path from there.
    pub(super) fn files(&self, folder: &Path) -> Vec<Arc<PathBuf>> {
        let shown = |source: &Source| source.path.strip_prefix(folder).unwrap_or(&source.path).to_owned();
        self.sources.iter().map(|registered| Arc::new(shown(&registered.source))).collect()
    }

    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|(_, diagnostic)| diagnostic.severity == Severity::Error)
    }

    /// All errors if there is one, else the warnings; sorted by place, repetitions left out.
    pub(super) fn finish(&mut self) -> Result<Vec<Diagnostic>, Diagnostics> {
        let has_errors = self.has_errors();
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|(span, _)| *span);
        found.dedup_by(|(one, a), (other, b)| one == other && a.message == b.message);
        let found = found.into_iter().map(|(_, diagnostic)| diagnostic);
        if has_errors { Err(Diagnostics(found.collect())) } else { Ok(found.collect()) }
    }
}
