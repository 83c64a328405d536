//! The variables and labels that a service's files bring, put below its own.

use super::environment::{self, Variables};
use super::node::{Entry, Mapping, Node, Span, Value};
use super::origin::{Step, VariableSource};
use super::report::Report;
use super::source::Reader;
use std::path::Path;

/// What reading needs.
pub(super) struct ServiceFiles<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) variables: &'a Variables,
    /// Where paths start that were left relative.
    pub(super) folder: &'a Path,
    pub(super) report: &'a mut Report,
}

impl ServiceFiles<'_> {
    /// Reads the env files and label files of every service. Only what an active one needs must be there.
    pub(super) fn read(&mut self, tree: &mut Node, is_active: &dyn Fn(&Node) -> bool) {
        for (_, entry) in tree.entries_mut("services") {
            let is_needed = is_active(&entry.node);
            let environment = self.environment(&entry.node, is_needed);
            fill(&mut entry.node, "environment", environment);
            let labels = self.labels(&entry.node, is_needed);
            fill(&mut entry.node, "labels", labels);
        }
    }

    fn environment(&mut self, service: &Node, is_needed: bool) -> Variables {
        let mut values = Variables::default();
        for file in service.items("env_file") {
            let Some(path) = file.get("path") else {
                self.report.error(file.span, "an env file needs a `path`").hint =
                    Some("add `path:`, or write the path alone".to_owned());
                continue;
            };
            let is_required = file.get("required").is_none_or(|required| required.value == Value::Bool(true));
            let missing = (is_required && is_needed).then_some(path.span);
            if !self.is_there("env file", path, missing) {
                continue;
            }
            let own = |name: &str| service.at(&["environment", name])?.as_text().map(str::to_owned);
            let lookup = |name: &str| {
                let known = self.variables.get(name).map(str::to_owned);
                known.or_else(|| own(name)).or_else(|| values.get(name).map(str::to_owned))
            };
            let text = &self.folder.join(path.as_text().unwrap_or_default());
            let read = match file.text_at("format") {
                Some("raw") => environment::read_raw(text, &lookup, &self.reader, self.report),
                None | Some("") => environment::read(text, &lookup, &self.reader, self.report),
                Some(format) => {
                    let span = file.get("format").map_or(file.span, |format| format.span);
                    let message = format!("`{format}` is not valid for `format`: use `raw`, or leave it out");
                    self.report.error(span, message).hint = Some("remove `format:`".to_owned());
                    continue;
                }
            };
            match read {
                Ok(more) => values.replace(more),
                Err(diagnostic) => self.report.note(diagnostic.note(self.report.note_at("read", path.span))),
            }
        }
        values
    }

    fn labels(&mut self, service: &Node, is_needed: bool) -> Variables {
        let mut values = Variables::default();
        for path in service.items("label_file") {
            if !self.is_there("label file", path, is_needed.then_some(path.span)) {
                continue;
            }
            let lookup = |name: &str| values.get(name).map(str::to_owned);
            let text = &self.folder.join(path.as_text().unwrap_or_default());
            match environment::read(text, &lookup, &self.reader, self.report) {
                Ok(more) => values.replace(more),
                Err(diagnostic) => self.report.note(diagnostic.note(self.report.note_at("read", path.span))),
            }
        }
        values
    }

    /// Whether a file exists; `missing` is where to report that it does not.
    fn is_there(&mut self, kind: &str, path: &Node, missing: Option<Span>) -> bool {
        let Some(text) = path.as_text() else { return false };
        let path = self.folder.join(text);
        if self.reader.files.is_file(&path) {
            return true;
        }
        if let Some(span) = missing {
            let shown = self.reader.shown(&path);
            let hint = match kind {
                "env file" => "create it, or write `{path: …, required: false}` if it may be missing",
                _ => "create it, or remove it from `label_file`",
            };
            let message = format!("{kind} {} not found", shown.display());
            self.report.error(span, message).hint = Some(hint.to_owned());
        }
        false
    }
}

/// Adds values for keys that the service's own section does not have.
fn fill(service: &mut Node, section: &str, values: Variables) {
    if values.iter().next().is_none() {
        return;
    }
    let span = service.span;
    let Some(map) = service.as_map_mut() else { return };
    let own = map
        .entry(section.to_owned())
        .or_insert_with(|| Entry::new(span, Node::new(Value::Map(Mapping::new()), span)));
    let Some(own) = own.node.as_map_mut() else { return };
    for (name, variable) in values.iter() {
        let VariableSource::File(line) = variable.source else { continue };
        own.entry(name.clone()).or_insert_with(|| {
            let mut node = Node::text(variable.value.as_str(), line);
            node.trace(Step::FromFile(line));
            Entry::new(line, node)
        });
    }
}
