//! The tree as `docker compose config` prints it: what is empty left out, what is a secret left out.

use super::node::{Entry, Node, Value};
use super::schema::{Empty, Field, Kind, Object};
use serde_json::Value as Json;

/// How a tree is printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printer {
    /// As JSON, in which Docker Compose prints some empty values and no extensions of elements.
    pub(super) is_json: bool,
    /// Whether dollar signs are doubled, so that the output reads back as it is.
    pub(super) escapes: bool,
    /// Whether env files are still to be read and so are printed.
    pub(super) keeps_files: bool,
}

impl Printer {
    /// An element or a section of the given kind.
    pub(super) fn value(self, node: &Node, kind: &'static Kind) -> Json {
        match (&node.value, kind) {
            (Value::Null | Value::Faulty, _) => Json::Null,
            (Value::Map(_), Kind::Object(object)) => self.object(node, object),
            (_, Kind::Nullable(inner) | Kind::Short(_, inner)) => self.value(node, inner),
            (_, Kind::Either(scalar, other)) => {
                let is_nested = matches!(node.value, Value::Map(_) | Value::List(_));
                self.value(node, if is_nested { other } else { scalar })
            }
            (Value::Map(map), Kind::Map(value) | Kind::Names(value, _)) => {
                map.iter().map(|(key, entry)| (key.clone(), self.value(&entry.node, value))).collect()
            }
            (Value::List(items), Kind::Hosts) => {
                let mut hosts: Vec<String> =
                    items.iter().filter_map(|item| Some(self.text(item.as_text()?))).collect();
                hosts.sort();
                hosts.into_iter().map(Json::from).collect()
            }
            (Value::List(items), _) => {
                let item = super::merge::item_kind(kind);
                items.iter().map(|one| self.value(one, item)).collect()
            }
            (Value::Float(number), Kind::Number) => single_precision(*number),
            _ => self.plain(&node.value),
        }
    }

    fn object(self, node: &Node, object: &'static Object) -> Json {
        let mut printed = serde_json::Map::new();
        for (key, entry) in node.as_map().into_iter().flatten() {
            if key.starts_with("x-") {
                if !self.is_json {
                    printed.insert(key.clone(), self.extension(&entry.node));
                }
            } else if let Some(value) = object.field(key).and_then(|field| self.field(field, entry)) {
                printed.insert(key.clone(), value);
            }
        }
        for field in object.fields.iter().filter(|_| self.is_json) {
            match field.empty {
                Empty::Null => drop(printed.entry(field.key).or_insert(Json::Null)),
                Empty::Mapping => {
                    let empty = self.value(&Node::empty_map(node.span), &field.kind);
                    printed.entry(field.key).or_insert(empty);
                }
                Empty::Dropped | Empty::Kept => {}
            }
        }
        Json::Object(printed)
    }

    /// A field's value, unless it is left out.
    fn field(self, field: &'static Field, entry: &Entry) -> Option<Json> {
        if matches!(field.key, "env_file" | "label_file") && !self.keeps_files {
            return None;
        }
        let value = self.value(&entry.node, &field.kind);
        let is_left_out = match field.empty {
            Empty::Kept => value == Json::Null,
            Empty::Null => value == Json::Null && !self.is_json,
            Empty::Mapping => !self.is_json && value.as_object().is_some_and(serde_json::Map::is_empty),
            Empty::Dropped => is_zero(&value, &field.kind),
        };
        (!is_left_out).then_some(value)
    }

    /// A top-level extension; an empty list in it is null in Docker Compose's JSON.
    pub(super) fn extension(self, node: &Node) -> Json {
        match &node.value {
            Value::List(items) if items.is_empty() && self.is_json => Json::Null,
            Value::List(items) => items.iter().map(|item| self.extension(item)).collect(),
            Value::Map(map) => {
                map.iter().map(|(key, entry)| (key.clone(), self.extension(&entry.node))).collect()
            }
            value => self.plain(value),
        }
    }

    fn plain(self, value: &Value) -> Json {
        match value {
            Value::Text(text) => Json::from(self.text(text)),
            Value::List(items) => items.iter().map(|item| self.plain(&item.value)).collect(),
            Value::Map(map) => {
                map.iter().map(|(key, entry)| (key.clone(), self.plain(&entry.node.value))).collect()
            }
            value => value.to_json(),
        }
    }

    fn text(self, text: &str) -> String {
        if self.escapes { text.replace('$', "$$") } else { text.to_owned() }
    }
}

/// Whether Docker Compose leaves a value out as its type's zero.
fn is_zero(value: &Json, kind: &'static Kind) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => match kind {
            Kind::Size => text == "0",
            Kind::Duration => text == "0s",
            _ => text.is_empty(),
        },
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty() && !is_object(kind),
    }
}

/// A section with known keys is printed even when empty.
fn is_object(kind: &'static Kind) -> bool {
    match kind {
        Kind::Object(_) => true,
        Kind::Nullable(inner) | Kind::Short(_, inner) | Kind::Either(_, inner) => is_object(inner),
        _ => false,
    }
}

/// Shares of processors are numbers of single precision in Docker Compose.
fn single_precision(number: f64) -> Json {
    #[expect(clippy::cast_possible_truncation, reason = "that is what is meant")]
    let single = number as f32;
    let shortest = single.to_string().parse().unwrap_or(number);
    super::scalar::json_number(shortest)
}
