//! A document as a tree in which every value knows where it stands.

use std::collections::BTreeMap;

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
        Self { value, span, tag: None }
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

    /// The node at a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| Some(&node.as_map()?.get(*key)?.node))
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

    /// Where a section names something: as a key, as an item, as an item's source, or in its text.
    pub(super) fn mention(&self, name: &str) -> Option<Span> {
        match &self.value {
            Value::Map(map) => map.get(name).map(|entry| entry.key_span),
            Value::List(items) => items
                .iter()
                .find(|item| {
                    let text = item.as_text().or_else(|| item.text_at("source"));
                    text.is_some_and(|text| text.split(':').next() == Some(name))
                })
                .map(|item| item.span),
            Value::Text(text) => text.ends_with(name).then_some(self.span),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => None,
        }
    }

    /// The text at a key.
    pub(super) fn text_at(&self, key: &str) -> Option<&str> {
        self.at(&[key])?.as_text()
    }

    /// The entries at a key, none if it is missing.
    pub(super) fn entries(&self, key: &str) -> impl Iterator<Item = (&String, &Entry)> {
        self.at(&[key]).and_then(Node::as_map).into_iter().flatten()
    }

    /// The items at a key, none if it is missing.
    pub(super) fn items(&self, key: &str) -> impl Iterator<Item = &Node> {
        self.at(&[key]).and_then(Node::as_list).into_iter().flatten()
    }

    /// What it is, in the words of a message.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "empty",
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
            Self::Float(value) => Some(value.to_string()),
            Self::Text(value) => Some(value.clone()),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The value without spans, as it is kept for `config`.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
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
