//! Go templates as people give them to `--format`: text with `{{…}}` actions.
//!
//! ```text
//! text ── lexer ──► pieces ── parser ──► tree ── evaluate ──► text
//! ```
//! Written after pkg.go.dev/text/template and Docker's page on formatting. Left out are what no
//! one-line format uses: `define`, `template`, `block`, `call`, complex numbers.

mod error;
mod evaluate;
mod functions;
mod lexer;
mod parser;
mod print;
mod syntax;
mod value;

pub(crate) use error::TemplateError;

use evaluate::{Subject, evaluate};
use serde_json::Value;
use std::collections::BTreeMap;
use syntax::Node;

/// A template that has been read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    /// As given, for messages.
    text: String,
    /// Where in it the template begins.
    start: usize,
    nodes: Vec<Node>,
}

impl Template {
    /// Reads a template as it is.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::read(text, text, false)
    }

    /// Reads a template of a list, the part of `text` behind `table` for instance: `\t` and `\n` outside
    /// actions are a tab and a line feed.
    pub(super) fn parse_list(text: &str, part: &str) -> Result<Self, TemplateError> {
        Self::read(text, part, true)
    }

    /// `part` is the end of `text`, which messages show.
    fn read(text: &str, part: &str, escapes: bool) -> Result<Self, TemplateError> {
        let start = text.len() - part.len();
        let nodes = lexer::pieces(part, escapes).and_then(parser::parse);
        let nodes = nodes.map_err(|(place, problem)| TemplateError::at(text, start + place, problem))?;
        Ok(Self { text: text.to_owned(), start, nodes })
    }

    /// Whether `.field` stands somewhere in its text.
    pub(super) fn mentions(&self, field: &str) -> bool {
        self.text.contains(&format!(".{field}"))
    }

    /// Fills the template with a value.
    pub(crate) fn render(&self, value: &Value) -> Result<String, TemplateError> {
        self.fill(Subject { value, labels: None, is_header: false })
    }

    /// Fills the template with a row of a list.
    pub(super) fn render_row(
        &self,
        value: &Value,
        labels: Option<&BTreeMap<String, String>>,
    ) -> Result<String, TemplateError> {
        self.fill(Subject { value, labels, is_header: false })
    }

    /// Fills the template with the names of columns.
    pub(super) fn render_header(&self, names: &Value) -> Result<String, TemplateError> {
        self.fill(Subject { value: names, labels: None, is_header: true })
    }

    fn fill(&self, subject: Subject<'_>) -> Result<String, TemplateError> {
        let text = evaluate(&self.nodes, subject);
        text.map_err(|(place, problem)| TemplateError::at(&self.text, self.start + place, problem))
    }
}

#[cfg(test)]
mod tests;
