//! Checks a document against the [`super::schema`] and brings every value into its canonical form:
//! short syntaxes become long ones, numbers in strings become numbers, paths become absolute.
//!
//! What is wrong is reported and taken out, so that the rest can still be checked.

use super::node::{Entry, Mapping, Node, Span, Tag, Value};
use super::report::Report;
use super::scalar::{boolean, integer, number};
use super::schema::{Kind, Object, Status};
use super::{path, words};
use crate::diagnostic::nearest;
use crate::model::{ByteSize, GoDuration};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The word for the host's own address.
const HOST_GATEWAY: &str = "host-gateway";

/// What the walk needs besides the document.
pub(super) struct Shape<'a> {
    pub(super) report: &'a mut Report,
    /// The folder that relative paths start from.
    pub(super) base: &'a Path,
    /// What `~` stands for.
    pub(super) home: Option<&'a str>,
}

impl Shape<'_> {
    /// Checks `node`, which the file calls `name`; whether it may stay.
    pub(super) fn shape(&mut self, node: &mut Node, kind: &'static Kind, name: &str) -> bool {
        if node.tag == Some(Tag::Reset) {
            return true;
        }
        match kind {
            Kind::Any => true,
            Kind::Text => self.expect(node, name, "a string", |value| matches!(value, Value::Text(_))),
            Kind::Word(words) => self.word(node, words, name),
            Kind::Scalar => {
                self.convert(node, name, "a string or a number", |value| value.scalar_text().map(Value::Text))
            }
            Kind::Bool => self.convert(node, name, "true or false", boolean),
            Kind::Integer => self.convert(node, name, "an integer", integer),
            Kind::Number => self.convert(node, name, "a number", number),
            Kind::Size => self.measure::<ByteSize>(node, name),
            Kind::Duration => self.measure::<GoDuration>(node, name),
            Kind::Path => self.path(node, name),
            Kind::PathOrUrl => node.as_text().is_some_and(path::is_remote) || self.path(node, name),
            Kind::Nullable(inner) => node.value == Value::Null || self.shape(node, inner, name),
            Kind::List(item, _) => self.list(node, item, name),
            Kind::OneOrMore(item, _) => {
                wrap_scalar(node);
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
                let kind = if matches!(node.value, Value::Map(_)) { other } else { scalar };
                self.shape(node, kind, name)
            }
        }
    }

    /// Reports a value that `name` cannot have.
    pub(super) fn mismatch(&mut self, node: &Node, name: &str, expected: &str) -> bool {
        let found = match &node.value {
            Value::Text(text) if !text.is_empty() => format!("`{text}`"),
            _ => node.kind().to_owned(),
        };
        self.report.error(node.span, format!("`{name}` must be {expected}, but is {found}"));
        false
    }

    fn expect(&mut self, node: &Node, name: &str, expected: &str, is_fit: fn(&Value) -> bool) -> bool {
        if is_fit(&node.value) {
            return true;
        }
        let is_scalar = node.value.scalar_text().is_some();
        self.mismatch(node, name, expected);
        if is_scalar {
            self.report.hint_last("put the value in quotes");
        }
        false
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
        let message = format!("`{text}` is not valid for `{name}`: use {}", one_of(words));
        let hint = nearest(text, words.iter().copied()).map(did_you_mean);
        self.report.error(node.span, message).hint = hint;
        false
    }

    fn measure<T>(&mut self, node: &mut Node, name: &str) -> bool
    where
        T: std::str::FromStr<Err = crate::model::UnitError>,
    {
        let Some(text) = node.value.scalar_text() else { return self.mismatch(node, name, "a string") };
        if let Err(error) = text.parse::<T>() {
            self.report.error(node.span, format!("`{name}`: {error}"));
            return false;
        }
        node.value = Value::Text(text);
        true
    }

    fn path(&mut self, node: &mut Node, name: &str) -> bool {
        let Some(text) = node.as_text() else { return self.mismatch(node, name, "a path") };
        node.value = Value::Text(self.absolute(text).to_string_lossy().into_owned());
        true
    }

    /// A path of the file, made absolute.
    pub(super) fn absolute(&self, text: &str) -> PathBuf {
        path::absolute(text, self.base, self.home)
    }

    fn list(&mut self, node: &mut Node, item: &'static Kind, name: &str) -> bool {
        let Value::List(items) = &mut node.value else { return self.mismatch(node, name, "a list") };
        let mut kept = Vec::with_capacity(items.len());
        for mut item_node in std::mem::take(items) {
            if let Kind::Short(..) = item {
                kept.extend(self.expand(&mut item_node, item, name));
            } else if self.shape(&mut item_node, item, name) {
                kept.push(item_node);
            }
        }
        *items = kept;
        true
    }

    /// The long forms that a short form, or a long one, stands for.
    fn expand(&mut self, node: &mut Node, kind: &'static Kind, name: &str) -> Vec<Node> {
        let Kind::Short(expand, long) = kind else { return Vec::new() };
        let forms = match node.value.scalar_text() {
            Some(text) => expand(node, &text, self),
            None => vec![node.clone()],
        };
        forms
            .into_iter()
            .filter_map(|mut form| {
                form.tag = node.tag;
                self.shape(&mut form, long, name).then_some(form)
            })
            .collect()
    }

    fn command(&mut self, node: &mut Node, name: &str) -> bool {
        let Some(line) = node.as_text() else { return self.list(node, &Kind::Scalar, name) };
        match words::split(line) {
            Ok(words) => node.value = list_of(words, node.span),
            Err(error) => {
                self.report.error(node.span, format!("`{name}`: {error}"));
                return false;
            }
        }
        true
    }

    fn health_test(&mut self, node: &mut Node, name: &str) -> bool {
        let Some(line) = node.as_text() else { return self.list(node, &Kind::Scalar, name) };
        node.value = list_of(["CMD-SHELL".to_owned(), line.to_owned()], node.span);
        true
    }

    fn map(&mut self, node: &mut Node, value: &'static Kind, name: &str) -> bool {
        let Value::Map(map) = &mut node.value else {
            return self.mismatch(node, name, "a mapping");
        };
        map.retain(|key, entry| self.shape(&mut entry.node, value, key));
        true
    }

    fn pairs(&mut self, node: &mut Node, name: &str, may_be_null: bool) -> bool {
        match &mut node.value {
            Value::Map(map) => {
                map.retain(|key, entry| self.pair_value(&mut entry.node, key, may_be_null));
                true
            }
            Value::List(items) => {
                let items = std::mem::take(items);
                let map = items.into_iter().filter_map(|item| self.pair(item, name, may_be_null)).collect();
                node.value = Value::Map(map);
                true
            }
            _ => self.mismatch(node, name, "a mapping or a list of KEY=value"),
        }
    }

    fn pair_value(&mut self, node: &mut Node, key: &str, may_be_null: bool) -> bool {
        match node.value {
            Value::Null if may_be_null => true,
            Value::Null => {
                node.value = Value::Text(String::new());
                true
            }
            _ => self.shape(node, &Kind::Scalar, key),
        }
    }

    /// One `key=value` of a list.
    fn pair(&mut self, item: Node, name: &str, may_be_null: bool) -> Option<(String, Entry)> {
        let Some(text) = item.value.scalar_text() else {
            self.mismatch(&item, name, "a list of KEY=value");
            return None;
        };
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Value::Text(value.to_owned())),
            None if may_be_null => (text.as_str(), Value::Null),
            None => (text.as_str(), Value::Text(String::new())),
        };
        Some((key.to_owned(), Entry::new(item.span, Node { value, ..item })))
    }

    fn names(&mut self, node: &mut Node, value: &'static Kind, is_null: bool, name: &str) -> bool {
        if let Value::List(items) = &node.value {
            let mut map = Mapping::new();
            for item in items {
                let Some(key) = item.as_text() else { return self.mismatch(item, name, "a list of names") };
                let empty = if is_null { Value::Null } else { Value::Map(Mapping::new()) };
                map.insert(key.to_owned(), Entry::new(item.span, Node::new(empty, item.span)));
            }
            node.value = Value::Map(map);
        }
        match node.value {
            Value::Map(_) => self.map(node, value, name),
            _ => self.mismatch(node, name, "a list or a mapping"),
        }
    }

    fn hosts(&mut self, node: &mut Node, name: &str) -> bool {
        let mut hosts = Vec::new();
        match &node.value {
            Value::List(items) => {
                for item in items {
                    let pair =
                        item.as_text().and_then(|text| text.split_once('=').or_else(|| text.split_once(':')));
                    let Some((host, address)) = pair else {
                        return self.mismatch(item, name, "a list of HOST=ADDRESS");
                    };
                    hosts.push(Node::text(format!("{host}={address}"), item.span));
                }
            }
            Value::Map(map) => {
                for (host, entry) in map {
                    let one = std::slice::from_ref(&entry.node);
                    for address in entry.node.as_list().unwrap_or(one) {
                        let Some(text) = address.as_text() else {
                            return self.mismatch(address, name, "a mapping to addresses");
                        };
                        hosts.push(Node::text(format!("{host}={text}"), address.span));
                    }
                }
            }
            _ => return self.mismatch(node, name, "a list or a mapping"),
        }
        for host in &hosts {
            self.host(host, name);
        }
        node.value = Value::List(hosts);
        true
    }

    /// Checks the address of one `host=address`.
    fn host(&mut self, host: &Node, name: &str) {
        let address = host.as_text().and_then(|text| text.split_once('=')).map_or("", |(_, address)| address);
        let address = address.trim_start_matches('[').trim_end_matches(']');
        if address != HOST_GATEWAY && address.parse::<IpAddr>().is_err() {
            self.report.error(host.span, format!("`{name}`: `{address}` is not an IP address"));
        }
    }

    fn object(&mut self, node: &mut Node, object: &'static Object, name: &str) -> bool {
        let Value::Map(map) = &mut node.value else { return self.mismatch(node, name, "a mapping") };
        map.retain(|key, entry| key.starts_with("x-") || self.field(object, key, entry));
        (object.finish)(node, self);
        true
    }

    fn field(&mut self, object: &'static Object, key: &str, entry: &mut Entry) -> bool {
        let Some(field) = object.field(key) else {
            let known = object.fields.iter().map(|field| field.key);
            let hint = nearest(key, known).map(did_you_mean);
            self.report.error(entry.key_span, format!("unknown key `{key}` in {}", object.name)).hint = hint;
            return false;
        };
        match field.status {
            Status::Applied | Status::Inert => {}
            Status::Later => {
                self.report.warning(entry.key_span, format!("`{key}` of {} is not applied yet", object.name));
            }
            Status::Refused => {
                self.report.error(entry.key_span, format!("`{key}` of {} is not supported", object.name));
                return false;
            }
        }
        self.shape(&mut entry.node, &field.kind, key)
    }
}

/// A hint that offers another spelling.
pub(super) fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

fn one_of(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

fn wrap_scalar(node: &mut Node) {
    if node.value.scalar_text().is_some() {
        let item = Node::new(std::mem::replace(&mut node.value, Value::Null), node.span);
        node.value = Value::List(vec![item]);
    }
}

fn list_of(texts: impl IntoIterator<Item = String>, span: Span) -> Value {
    Value::List(texts.into_iter().map(|text| Node::text(text, span)).collect())
}
