//! A container written as a Compose service, whose attributes are what the flags of `run` stand for.
//!
//! So each attribute is understood, checked and turned into what the engine does in one place.

pub(super) use crate::unwritten::literal;

use serde_json::{Map, Value, json};

/// The service's name in its file; nobody gets to see it.
pub(super) const NAME: &str = "container";

/// A service that is being written.
#[derive(Debug, Default)]
pub(super) struct Service {
    attributes: Map<String, Value>,
    networks: Map<String, Value>,
    volumes: Map<String, Value>,
}

impl Service {
    /// Sets an attribute to a text, if there is one.
    pub(super) fn text(&mut self, key: &str, text: Option<impl ToString>) {
        if let Some(text) = text {
            self.value(key, literal(&text.to_string()));
        }
    }

    /// Sets an attribute, if it is wanted.
    pub(super) fn flag(&mut self, key: &str, is_set: bool) {
        if is_set {
            self.value(key, Value::Bool(true));
        }
    }

    /// Sets an attribute to a number, if there is one.
    pub(super) fn number(&mut self, key: &str, number: Option<impl Into<Value>>) {
        if let Some(number) = number {
            self.value(key, number.into());
        }
    }

    /// Adds texts to an attribute that is a list.
    pub(super) fn list<T: ToString>(&mut self, key: &str, items: impl IntoIterator<Item = T>) {
        for item in items {
            self.item(key, literal(&item.to_string()));
        }
    }

    /// Adds to an attribute that is a list.
    pub(super) fn item(&mut self, key: &str, item: Value) {
        if let Value::Array(list) = self.attributes.entry(key).or_insert_with(|| json!([])) {
            list.push(item);
        }
    }

    /// Sets a key of an attribute that is a map.
    pub(super) fn pair(&mut self, key: &str, name: &str, value: Option<&str>) {
        self.entry(key, name, value.map_or(Value::Null, literal));
    }

    /// The same for what is no text.
    pub(super) fn entry(&mut self, key: &str, name: &str, value: Value) {
        if let Value::Object(map) = self.attributes.entry(key).or_insert_with(|| json!({})) {
            map.insert(name.to_owned(), value);
        }
    }

    /// Sets an attribute.
    pub(super) fn value(&mut self, key: &str, value: Value) {
        self.attributes.insert(key.to_owned(), value);
    }

    /// A network that is there already.
    pub(super) fn network(&mut self, name: &str) {
        self.networks.insert(name.to_owned(), json!({ "name": literal(name), "external": true }));
    }

    /// A volume by its real name.
    pub(super) fn volume(&mut self, name: &str) {
        self.volumes.insert(name.to_owned(), json!({ "name": literal(name) }));
    }

    /// The text of a Compose file with this service.
    pub(super) fn into_file(self) -> Value {
        let mut file = json!({ "name": NAME, "services": { NAME: self.attributes } });
        for (key, objects) in [("networks", self.networks), ("volumes", self.volumes)] {
            if !objects.is_empty() {
                file[key] = Value::Object(objects);
            }
        }
        file
    }
}
