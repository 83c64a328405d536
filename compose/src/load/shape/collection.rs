//! Lists and mappings: of items, of pairs, of names.

use super::{Entry, Kind, Mapping, Node, Shape, Value};
use crate::load::origin::Step;

impl Shape<'_> {
    pub(super) fn list(&mut self, node: &mut Node, item: &'static Kind, name: &str) -> bool {
        let Value::List(items) = &mut node.value else { return self.mismatch(node, name, "a list") };
        let items_before = std::mem::take(items);
        let mut kept = Vec::with_capacity(items_before.len());
        for mut one in items_before {
            if one.tag.is_none() && matches!(item, Kind::Short(..)) && !self.is_template(&one) {
                kept.extend(self.enter_alias(&one, |shape| shape.expand(&one, item, name)));
            } else {
                self.shape(&mut one, item, name);
                kept.push(one);
            }
        }
        kept.retain(|item| !item.is_faulty());
        node.value = Value::List(kept);
        true
    }

    fn enter_alias<T>(&mut self, node: &Node, work: impl FnOnce(&mut Self) -> T) -> T {
        let alias = node.steps().find_map(|step| match step {
            Step::Alias(span) => Some(*span),
            _ => None,
        });
        if let Some(span) = alias {
            self.report.enter("used through the alias", span);
        }
        let result = work(self);
        if alias.is_some() {
            self.report.leave();
        }
        result
    }

    pub(super) fn map(&mut self, node: &mut Node, value: &'static Kind, name: &str) -> bool {
        let Value::Map(map) = &mut node.value else { return self.mismatch(node, name, "a mapping") };
        for (key, entry) in map {
            self.shape(&mut entry.node, value, key);
        }
        true
    }

    pub(super) fn pairs(&mut self, node: &mut Node, name: &str, may_be_null: bool) -> bool {
        match &mut node.value {
            Value::Map(map) => {
                for (key, entry) in map.iter_mut() {
                    self.pair_value(&mut entry.node, key, may_be_null);
                }
                true
            }
            Value::List(items) => {
                let items = std::mem::take(items);
                let mut map = Mapping::new();
                for item in items {
                    if let Some((key, entry)) = self.pair(item, name, may_be_null) {
                        map.insert(key, entry);
                    }
                }
                node.value = Value::Map(map);
                true
            }
            _ => self.mismatch(node, name, "a mapping or a list of KEY=value"),
        }
    }

    fn pair_value(&mut self, node: &mut Node, key: &str, may_be_null: bool) {
        match node.value {
            Value::Null if may_be_null || node.tag.is_some() => {}
            Value::Null => node.value = Value::Text(String::new()),
            _ => self.shape(node, &Kind::Scalar, key),
        }
    }

    /// One `key=value` of a list.
    fn pair(&mut self, item: Node, name: &str, may_be_null: bool) -> Option<(String, Entry)> {
        let Some(text) = item.as_text() else {
            if !item.is_faulty() {
                self.mismatch(&item, name, "a list of KEY=value");
            }
            return None;
        };
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key.to_owned(), Value::Text(value.to_owned())),
            None if may_be_null => (text.to_owned(), Value::Null),
            None => (text.to_owned(), Value::Text(String::new())),
        };
        if key.ends_with([' ', '\t']) && may_be_null {
            let hint = "write KEY=value without spaces around `=`".to_owned();
            self.fault(&item, format!("the name of the variable `{}` ends with a space", key.trim_end()))
                .hint = Some(hint);
            return None;
        }
        Some((key, Entry::new(item.span, Node { value, ..item })))
    }

    pub(super) fn names(&mut self, node: &mut Node, value: &'static Kind, is_null: bool, name: &str) -> bool {
        if let Value::List(items) = &node.value {
            let mut map = Mapping::new();
            for item in items {
                let Some(key) = item.as_text() else {
                    if !item.is_faulty() {
                        self.mismatch(item, name, "a list of names");
                    }
                    continue;
                };
                let empty = if is_null { Value::Null } else { Value::Map(Mapping::new()) };
                let mut entry = Entry::new(item.span, Node::new(empty, item.span));
                entry.node.origin.clone_from(&item.origin);
                if map.insert(key.to_owned(), entry).is_some() {
                    let message = format!("`{name}` names `{key}` twice");
                    self.fault(item, message).hint = Some("remove one of them".to_owned());
                }
            }
            node.value = Value::Map(map);
        }
        match node.value {
            Value::Map(_) => self.map(node, value, name),
            _ => self.mismatch(node, name, "a list or a mapping"),
        }
    }
}
