//! A document as a tree in which every value knows where it stands and how it came there.

use super::origin::Origin;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Which source a span lies in: an index into the report's sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SourceId(pub(super) u16);

/// Where a value stands. Lines and columns count from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) source: SourceId,
    pub(super) line: u32,
    pub(super) column: u32,
    /// Characters on the first line; 0 for a value of several lines.
    pub(super) length: u32,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
    pub(super) tag: Option<Tag>,
    /// How it came to be, if not by being written where it stands.
    pub(super) origin: Option<Rc<Origin>>,
}

/// Compose's own tags, which say how a value meets that of an earlier file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// `!reset`: take the attribute away.
    Reset,
    /// `!override`: replace instead of merging.
    Override,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Mapping),
    /// Something that has been reported, so that nothing more is said about it.
    Faulty,
}

/// Entries by key; order in the file means nothing in Compose.
pub(super) type Mapping = BTreeMap<String, Entry>;

/// An entry of a mapping: where its key stands, and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key_span: Span,
    pub(super) node: Node,
}

impl Node {
    pub(super) fn new(value: Value, span: Span) -> Self {
        Self { value, span, tag: None, origin: None }
    }

    pub(super) fn text(text: impl Into<String>, span: Span) -> Self {
        Self::new(Value::Text(text.into()), span)
    }

    pub(super) fn empty_map(span: Span) -> Self {
        Self::new(Value::Map(Mapping::new()), span)
    }

    /// A mapping whose entries all stand where a short form stood.
    pub(super) fn map_of(entries: impl IntoIterator<Item = (&'static str, Value)>, span: Span) -> Self {
        let entry = |(key, value): (&str, Value)| {
            (key.to_owned(), Entry { key_span: span, node: Self::new(value, span) })
        };
        Self::new(Value::Map(entries.into_iter().map(entry).collect()), span)
    }

    /// The same with the origin of `other`, from which it was made, given to all that is in it.
    pub(super) fn with_origin_of(mut self, other: &Node) -> Self {
        if let Some(origin) = &other.origin {
            self.add_origin(origin);
        }
        self
    }

    fn add_origin(&mut self, origin: &Rc<Origin>) {
        self.origin = Some(Rc::clone(origin));
        match &mut self.value {
            Value::Map(map) => map.values_mut().for_each(|entry| entry.node.add_origin(origin)),
            Value::List(items) => items.iter_mut().for_each(|item| item.add_origin(origin)),
            _ => {}
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_map(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn as_map_mut(&mut self) -> Option<&mut Mapping> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value at a key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        Some(&self.as_map()?.get(key)?.node)
    }

    /// The value at a key, to be changed.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        Some(&mut self.as_map_mut()?.get_mut(key)?.node)
    }

    /// The node at a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Where the deepest key of a path stands that exists.
    pub(super) fn locate(&self, path: &[&str]) -> Span {
        let found = path.iter().try_fold((self, self.span), |(node, span), key| {
            match node.as_map().and_then(|map| map.get(*key)) {
                Some(entry) => Ok((&entry.node, entry.key_span)),
                None => Err(span),
            }
        });
        found.map_or_else(|span| span, |(_, span)| span)
    }

    /// The text at a key.
    pub(super) fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// The entries at a key, none if it is missing.
    pub(super) fn entries(&self, key: &str) -> impl Iterator<Item = (&String, &Entry)> {
        self.get(key).and_then(Node::as_map).into_iter().flatten()
    }

    /// The entries at a key, to be changed.
    pub(super) fn entries_mut(&mut self, key: &str) -> impl Iterator<Item = (&String, &mut Entry)> {
        self.get_mut(key).and_then(Node::as_map_mut).into_iter().flatten()
    }

    /// The items at a key, none if it is missing.
    pub(super) fn items(&self, key: &str) -> impl Iterator<Item = &Node> {
        self.get(key).and_then(Node::as_list).into_iter().flatten()
    }

    /// The items at a key, to be changed.
    pub(super) fn items_mut(&mut self, key: &str) -> impl Iterator<Item = &mut Node> {
        let items = match self.get_mut(key).map(|node| &mut node.value) {
            Some(Value::List(items)) => Some(items),
            _ => None,
        };
        items.into_iter().flatten()
    }

    /// Whether it is known to be set: neither missing nor something that was reported.
    pub(super) fn is_faulty(&self) -> bool {
        self.value == Value::Faulty
    }

    /// What it is, in the words of a message.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null | Value::Faulty => "empty",
            Value::Bool(_) => "a boolean",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

impl Value {
    /// A scalar as text, as Go's `fmt.Sprint` writes it; `None` for anything else and for null.
    pub(super) fn scalar_text(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Integer(value) => Some(value.to_string()),
            Self::Float(value) => Some(super::scalar::go_float(*value)),
            Self::Text(value) => Some(value.clone()),
            Self::Null | Self::List(_) | Self::Map(_) | Self::Faulty => None,
        }
    }

    /// The value without spans.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null | Self::Faulty => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Float(value) => super::scalar::json_number(*value),
            Self::Text(value) => value.as_str().into(),
            Self::List(items) => items.iter().map(|item| item.value.to_json()).collect(),
            Self::Map(map) => {
                map.iter().map(|(key, entry)| (key.clone(), entry.node.value.to_json())).collect()
            }
        }
    }
}

impl Entry {
    pub(super) fn new(key_span: Span, node: Node) -> Self {
        Self { key_span, node }
    }
}
