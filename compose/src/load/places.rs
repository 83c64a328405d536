//! The merged tree to the places of its attributes.

use super::node::{Node, Span, Value};
use super::report::Report;
use crate::model::{Location, Places};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The sections whose attributes are made into something that can change.
const SECTIONS: [&str; 5] = ["services", "networks", "volumes", "configs", "secrets"];

/// Where everything stands; files below `folder` are named from there.
pub(super) fn places(tree: &Node, folder: &Path, report: &Report) -> Places {
    let mut survey = Survey { files: report.files(folder), places: Places::default() };
    for section in SECTIONS {
        if let Some(node) = tree.at(&[section]) {
            survey.node(section, node);
        }
    }
    survey.places
}

struct Survey {
    files: Vec<Arc<PathBuf>>,
    places: Places,
}

impl Survey {
    fn node(&mut self, path: &str, node: &Node) {
        match &node.value {
            Value::Map(map) => {
                for (key, entry) in map {
                    let path = format!("{path}.{key}");
                    self.note(&path, entry.key_span);
                    self.node(&path, &entry.node);
                }
            }
            Value::List(items) => {
                for item in items {
                    if let Some(name) = name(item) {
                        self.note(&format!("{path}.{name}"), item.span);
                    }
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Faulty => {}
        }
    }

    fn note(&mut self, path: &str, span: Span) {
        if let Some(file) = self.files.get(usize::from(span.source.0)) {
            self.places.insert(path.to_owned(), Location { file: Arc::clone(file), line: span.line });
        }
    }
}

/// What an item of a list is called.
fn name(item: &Node) -> Option<&str> {
    item.as_text().or_else(|| item.text_at("target")).or_else(|| item.text_at("source"))
}
