//! Checks a document against the [`super::schema`] and brings every value into its canonical form:
//! short syntaxes become long ones, numbers in strings become numbers, paths become absolute.
//!
//! What is wrong is reported and marked [`Value::Faulty`], so that the rest can still be checked and
//! nothing is said twice.

mod collection;
mod hosts;
mod measure;

use super::node::{Entry, Mapping, Node, Span, Tag, Value};
use super::origin::{Step, Used, VariableSource};
use super::report::Report;
use super::scalar::{boolean, integer, number};
use super::schema::extension::{self, Known};
use super::schema::{Kind, Object, Status};
use super::{path, words};
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::ByteSize;
use std::path::{Path, PathBuf};

/// What the walk needs besides the document.
pub(super) struct Shape<'a> {
    pub(super) report: &'a mut Report,
    /// The folder that relative paths start from; none leaves them as they are.
    pub(super) base: Option<&'a Path>,
    /// What `~` stands for.
    pub(super) home: Option<&'a str>,
    /// Whether variables were left in the texts, so that a text may stand for anything.
    pub(super) has_templates: bool,
}

impl Shape<'_> {
    /// Checks `node`, which the file calls `name`; what cannot be used becomes faulty.
    pub(super) fn shape(&mut self, node: &mut Node, kind: &'static Kind, name: &str) {
        if node.tag == Some(Tag::Reset) || node.is_faulty() || self.is_template(node) {
            return;
        }
        let alias = node.steps().find_map(|step| match step {
            Step::Alias(span) => Some(*span),
            _ => None,
        });
        if let Some(span) = alias {
            self.report.enter("used through the alias", span);
        }
        if !self.fits(node, kind, name) {
            node.value = Value::Faulty;
        }
        if alias.is_some() {
            self.report.leave();
        }
    }

    /// Whether the value is a text with variables that nobody replaces.
    pub(super) fn is_template(&self, node: &Node) -> bool {
        self.has_templates && node.as_text().is_some_and(|text| text.contains('$'))
    }

    fn fits(&mut self, node: &mut Node, kind: &'static Kind, name: &str) -> bool {
        match kind {
            Kind::Any => true,
            Kind::Text => self.text(node, name),
            Kind::Word(words) => self.word(node, words, name),
            Kind::Scalar => {
                self.convert(node, name, "a string or a number", |value| value.scalar_text().map(Value::Text))
            }
            Kind::TextOrNumber => self.convert(node, name, "a string or a number", |value| match value {
                Value::Bool(_) => None,
                value => value.scalar_text().map(Value::Text),
            }),
            Kind::Bool => self.bool(node, name),
            Kind::Integer => self.convert(node, name, "an integer", integer),
            Kind::Number => self.convert(node, name, "a number", number),
            Kind::Size => self.measure::<ByteSize>(node, name),
            Kind::Duration => self.duration(node, name),
            Kind::Signal => self.signal(node, name),
            Kind::Path => self.path(node, name),
            Kind::PathOrUrl => node.as_text().is_some_and(path::is_remote) || self.path(node, name),
            Kind::Nullable(inner) => node.value == Value::Null || self.fits(node, inner, name),
            Kind::List(item, _) => self.list(node, item, name),
            Kind::OneOrMore(item, _) => {
                wrap_text(node);
                self.list(node, item, name)
            }
            Kind::Command => self.command(node, name),
            Kind::HealthTest => self.health_test(node, name),
            Kind::Map(value) => self.map(node, value, name),
            Kind::Pairs => self.pairs(node, name, false),
            Kind::Variables => self.pairs(node, name, true),
            Kind::Names(value, is_null) => self.names(node, value, *is_null, name),
            Kind::Hosts => self.hosts(node, name),
            Kind::Object(object) => self.object(node, object, name),
            Kind::Short(..) => {
                let expanded = self.expand(node, kind, name);
                expanded.into_iter().next().map(|only| *node = only).is_some()
            }
            Kind::Either(scalar, other) => {
                let is_nested = matches!(node.value, Value::Map(_) | Value::List(_));
                self.fits(node, if is_nested { other } else { scalar }, name)
            }
        }
    }

    /// Notes an error about a value, and which variables it is made of.
    pub(super) fn fault(&mut self, node: &Node, message: impl Into<String>) -> &mut Diagnostic {
        let notes = variable_notes(node, self.report);
        let diagnostic = self.report.error(node.span, message);
        diagnostic.notes.splice(0..0, notes);
        diagnostic
    }

    /// Notes what keeps containers from being made of a value that is otherwise well-formed.
    pub(super) fn doubt(&mut self, node: &Node, message: impl Into<String>) -> &mut Diagnostic {
        let notes = variable_notes(node, self.report);
        let diagnostic = self.report.doubt(node.span, message);
        diagnostic.notes.splice(0..0, notes);
        diagnostic
    }

    /// Reports a value that `name` cannot have.
    pub(super) fn mismatch(&mut self, node: &Node, name: &str, expected: &str) -> bool {
        self.mismatched(node, name, expected);
        false
    }

    fn mismatched(&mut self, node: &Node, name: &str, expected: &str) -> &mut Diagnostic {
        let found = match node.shown() {
            Some(text) if node.as_text().is_some() && !text.is_empty() => format!("`{text}`"),
            _ => node.kind().to_owned(),
        };
        let hint = match (&node.value, expected) {
            (Value::Null, _) => format!("remove `{name}:`, or give it a value"),
            (_, "a mapping") => format!("write keys below `{name}:`"),
            (_, "a list") => "write each item on a line of its own, after `- `".to_owned(),
            (_, "true or false") => "write `true` or `false`".to_owned(),
            (Value::Map(_), "a list of KEY=value") => "write `KEY=value`, without `: `".to_owned(),
            (_, expected) => format!("write {expected}"),
        };
        let diagnostic = self.fault(node, format!("`{name}` must be {expected}, but is {found}"));
        diagnostic.hint = Some(hint);
        diagnostic
    }

    fn text(&mut self, node: &Node, name: &str) -> bool {
        if matches!(node.value, Value::Text(_)) {
            return true;
        }
        let text = node.value.scalar_text();
        let diagnostic = self.mismatched(node, name, "a string");
        if let Some(text) = text {
            diagnostic.hint = Some(format!("put the value in quotes: \"{text}\""));
        }
        false
    }

    fn bool(&mut self, node: &mut Node, name: &str) -> bool {
        let old = node.as_text().map(str::to_ascii_lowercase);
        let is_known = self.convert(node, name, "true or false", boolean);
        if let (true, Some("y" | "yes" | "on" | "n" | "no" | "off")) = (is_known, old.as_deref()) {
            let plain = node.value == Value::Bool(true);
            let message = format!("`{name}`: yes, no, on and off are strings in YAML 1.2");
            self.report.warning(node.span, message).hint = Some(format!("write {plain}"));
        }
        is_known
    }

    fn convert(
        &mut self,
        node: &mut Node,
        name: &str,
        expected: &str,
        to: fn(&Value) -> Option<Value>,
    ) -> bool {
        match to(&node.value) {
            Some(value) => {
                node.value = value;
                true
            }
            None => self.mismatch(node, name, expected),
        }
    }

    fn word(&mut self, node: &Node, words: &[&'static str], name: &str) -> bool {
        let Some(text) = node.as_text() else { return self.mismatch(node, name, "a string") };
        if words.contains(&text) {
            return true;
        }
        let shown = node.shown().unwrap_or_default();
        let hint = nearest(text, words.iter().copied()).map(did_you_mean);
        self.fault(node, format!("`{shown}` is not valid for `{name}`: use {}", one_of(words))).hint =
            hint.or_else(|| Some("write one of these words".to_owned()));
        false
    }

    fn path(&mut self, node: &mut Node, name: &str) -> bool {
        let Some(text) = node.as_text() else { return self.mismatch(node, name, "a path") };
        node.value = Value::Text(self.absolute(text).to_string_lossy().into_owned());
        true
    }

    /// A path of the file, from the root; an absolute one stays as it is written.
    pub(super) fn absolute(&self, text: &str) -> PathBuf {
        match self.base {
            Some(base) if !text.is_empty() => path::resolve(text, base, self.home),
            _ => PathBuf::from(text),
        }
    }

    /// One command: a list of strings, or a line that is split into words.
    fn command(&mut self, node: &mut Node, name: &str) -> bool {
        let Some(text) = node.as_text() else { return self.strings(node, name) };
        match words::split(text) {
            Ok(words) => node.value = list_of(words, node.span),
            Err(error) => {
                let hint = "close the quote, or write the command as a list".to_owned();
                self.fault(node, format!("`{name}`: {error}")).hint = Some(hint);
                return false;
            }
        }
        true
    }

    fn health_test(&mut self, node: &mut Node, name: &str) -> bool {
        match node.as_text().map(str::to_owned) {
            Some(line) => {
                node.value = list_of(["CMD-SHELL".to_owned(), line], node.span);
                true
            }
            None => self.strings(node, name),
        }
    }

    fn strings(&mut self, node: &mut Node, name: &str) -> bool {
        if matches!(node.value, Value::List(_)) {
            self.list(node, &Kind::Text, name)
        } else {
            self.mismatch(node, name, "a string or a list of strings")
        }
    }

    /// The long forms that a short form stands for, or the one long form it is.
    fn expand(&mut self, node: &Node, kind: &'static Kind, name: &str) -> Vec<Node> {
        let Kind::Short(long_forms, long) = kind else { return Vec::new() };
        let forms = match node.value {
            Value::Map(_) | Value::List(_) | Value::Null => vec![node.clone()],
            Value::Bool(_) => {
                Vec::from_iter(self.mismatch(node, name, "a string or a mapping").then(|| node.clone()))
            }
            _ => long_forms(node, &node.value.scalar_text().unwrap_or_default(), self),
        };
        let shaped = forms.into_iter().map(|form| {
            let mut form = form.with_origin_of(node);
            form.tag = node.tag;
            if !self.fits(&mut form, long, name) {
                form.value = Value::Faulty;
            }
            form
        });
        shaped.collect()
    }

    fn object(&mut self, node: &mut Node, object: &'static Object, name: &str) -> bool {
        let Value::Map(map) = &mut node.value else { return self.mismatch(node, name, "a mapping") };
        let mut meant = Vec::new();
        map.retain(|key, entry| {
            if key.starts_with("x-") {
                self.extension(object, key, entry);
                return true;
            }
            let is_known = object.field(key).is_some();
            if is_known {
                self.field(object, key, entry);
            } else {
                meant.extend(self.unknown(object, key, entry));
            }
            is_known
        });
        for (key, span) in meant {
            let faulty = Node::new(Value::Faulty, span);
            map.entry(key.to_owned()).or_insert(Entry::new(span, faulty));
        }
        (object.finish)(node, self);
        true
    }

    /// Checks an extension of Lighter's own; any other is anybody's.
    fn extension(&mut self, object: &'static Object, key: &str, entry: &mut Entry) {
        if !key.starts_with("x-lighter-") {
            return;
        }
        match extension::find(key, object.name) {
            Known::Here(kind) => self.shape(&mut entry.node, kind, key),
            Known::Elsewhere(homes) => {
                let message = format!("`{key}` has no meaning in {}", object.name);
                self.report.error(entry.key_span, message).hint =
                    Some(format!("it belongs to {}", homes.join(" or ")));
            }
            Known::No => {
                let hint = nearest(key, extension::keys()).map(did_you_mean);
                let message = format!("lighter has no extension `{key}`");
                self.report.error(entry.key_span, message).hint =
                    hint.or_else(|| Some("name it `x-…` without `lighter`".to_owned()));
            }
        }
    }

    /// Reports an unknown key; returns the key that is probably meant, so that it is not missed.
    fn unknown(&mut self, object: &'static Object, key: &str, entry: &Entry) -> Option<(&'static str, Span)> {
        let near = nearest(key, object.fields.iter().map(|field| field.key));
        let message = format!("unknown key `{key}` in {}", object.name);
        let hint = near.map(did_you_mean).or_else(|| super::schema::home_of(key));
        self.report.error(entry.key_span, message).hint =
            hint.or_else(|| Some("remove it, or name it `x-…` to keep it as an extension".to_owned()));
        near.map(|near| (near, entry.key_span))
    }

    fn field(&mut self, object: &'static Object, key: &str, entry: &mut Entry) {
        let Some(field) = object.field(key) else { return };
        match field.status {
            Status::Applied | Status::Inert => {}
            Status::Later => {
                let message = format!("`{key}` of {} is not applied yet", object.name);
                self.report.warning(entry.key_span, message).hint =
                    Some("the project runs as if it were not there".to_owned());
            }
            Status::Refused => {
                let message = format!("`{key}` of {} is not supported", object.name);
                self.report.doubt(entry.key_span, message).hint = Some(format!("remove `{key}`"));
            }
        }
        self.shape(&mut entry.node, &field.kind, key);
    }
}

/// Where the variables come from that a value is made of.
fn variable_notes(node: &Node, report: &Report) -> Vec<crate::diagnostic::Note> {
    let used = node.steps().flat_map(|step| match step {
        Step::Interpolated { variables, .. } => variables.as_slice(),
        Step::FromEnvironment(variable) => std::slice::from_ref(variable),
        _ => &[],
    });
    used.map(|Used { name, source }| match source {
        VariableSource::File(span) => report.note_at(format!("`{name}` is set"), *span),
        VariableSource::Process => {
            crate::diagnostic::Note { message: format!("`{name}` comes from the environment"), place: None }
        }
        VariableSource::Given => {
            crate::diagnostic::Note { message: format!("`{name}` is set by lighter"), place: None }
        }
        VariableSource::Unset => {
            crate::diagnostic::Note { message: format!("`{name}` is not set"), place: None }
        }
    })
    .collect()
}

/// A hint that offers another spelling.
pub(super) fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// Words as a message lists them.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

fn wrap_text(node: &mut Node) {
    if node.as_text().is_some() {
        let mut item = Node::new(std::mem::replace(&mut node.value, Value::Null), node.span);
        item.origin.clone_from(&node.origin);
        node.value = Value::List(vec![item]);
    }
}

fn list_of(texts: impl IntoIterator<Item = String>, span: Span) -> Value {
    Value::List(texts.into_iter().map(|text| Node::text(text, span)).collect())
}
