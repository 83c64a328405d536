//! What the loader has found so far, and the sources it points into.

use super::node::{SourceId, Span};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Collects diagnostics, so that one run names all independent errors.
#[derive(Debug, Default)]
pub(super) struct Report {
    sources: Vec<Arc<Source>>,
    found: Vec<(Option<Span>, Diagnostic)>,
}

impl Report {
    /// Registers a text that spans will point into.
    pub(super) fn add_source(&mut self, path: &Path, text: String, is_confidential: bool) -> SourceId {
        let id = u16::try_from(self.sources.len()).unwrap_or(u16::MAX);
        self.sources.push(Arc::new(Source { path: path.to_owned(), text, is_confidential }));
        SourceId(id)
    }

    pub(super) fn text(&self, id: SourceId) -> Arc<Source> {
        Arc::clone(&self.sources[usize::from(id.0)])
    }

    /// Notes an error at `span`; the caller may add a hint to what is returned.
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(span, Diagnostic::error(message))
    }

    /// Notes a warning at `span`.
    pub(super) fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(span, Diagnostic::warning(message))
    }

    /// Adds a hint to what was noted last.
    pub(super) fn hint_last(&mut self, hint: &str) {
        if let Some((_, last)) = self.found.last_mut() {
            last.hint = Some(hint.to_owned());
        }
    }

    /// Notes something that stands in no file.
    pub(super) fn note(&mut self, diagnostic: Diagnostic) {
        self.found.push((None, diagnostic));
    }

    fn push(&mut self, span: Span, diagnostic: Diagnostic) -> &mut Diagnostic {
        let place = self.place(span);
        self.found.push((Some(span), diagnostic.at(place)));
        let (_, last) = self.found.last_mut().expect("one was just pushed");
        last
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
        let shown =
            |source: &Arc<Source>| source.path.strip_prefix(folder).unwrap_or(&source.path).to_owned();
        self.sources.iter().map(|source| Arc::new(shown(source))).collect()
    }

    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|(_, diagnostic)| diagnostic.severity == Severity::Error)
    }

    /// All errors if there is one, else the warnings; sorted by place, repetitions left out.
    pub(super) fn finish(mut self) -> Result<Vec<Diagnostic>, Diagnostics> {
        let has_errors = self.has_errors();
        self.found.sort_by_key(|(span, _)| *span);
        self.found.dedup_by(|(one, a), (other, b)| one == other && a.message == b.message);
        let found = self.found.into_iter().map(|(_, diagnostic)| diagnostic);
        if has_errors {
            Err(Diagnostics(found.filter(|diagnostic| diagnostic.severity == Severity::Error).collect()))
        } else {
            Ok(found.collect())
        }
    }
}
