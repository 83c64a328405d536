//! How a later file's values meet an earlier one's (Compose specification, 13-merge.md).
//!
//! Both trees are in canonical form, so one walk along the schema is enough.

use super::identity;
use super::node::{Entry, Mapping, Node, Tag, Value};
use super::schema::{Kind, Merge};
use std::collections::HashMap;

/// Puts `over` on top of `base`.
pub(super) fn merge(base: &mut Node, over: Node, kind: &'static Kind) {
    if over.tag == Some(Tag::Override) || base.tag == Some(Tag::Reset) {
        *base = over;
        return;
    }
    match (&mut base.value, over.value) {
        // An empty value does not clear what an earlier file says.
        (_, Value::Null) => {}
        (Value::Map(under), Value::Map(map)) => merge_maps(under, map, kind),
        (Value::List(under), Value::List(items)) => merge_lists(under, items, list_merge(kind)),
        (_, value) => {
            base.value = value;
            base.span = over.span;
        }
    }
}

fn merge_maps(base: &mut Mapping, over: Mapping, kind: &'static Kind) {
    for (key, entry) in over {
        if entry.node.tag == Some(Tag::Reset) {
            base.remove(&key);
            continue;
        }
        match base.get_mut(&key) {
            Some(under) => {
                under.key_span = entry.key_span;
                merge_entry(under, entry, &key, kind);
            }
            None => drop(base.insert(key, entry)),
        }
    }
}

fn merge_entry(base: &mut Entry, over: Entry, key: &str, kind: &'static Kind) {
    // The options of one log driver mean nothing to another.
    if key == "logging" && driver(&base.node).zip(driver(&over.node)).is_some_and(|(one, other)| one != other)
    {
        base.node = over.node;
        return;
    }
    merge(&mut base.node, over.node, value_kind(kind, key));
}

fn driver(logging: &Node) -> Option<&str> {
    logging.text_at("driver")
}

/// The kind of the value at `key`.
fn value_kind(kind: &'static Kind, key: &str) -> &'static Kind {
    match kind {
        Kind::Nullable(inner) | Kind::Short(_, inner) | Kind::Either(_, inner) => value_kind(inner, key),
        Kind::Map(value) | Kind::Names(value, _) => value,
        Kind::Object(object) => object.field(key).map_or(&Kind::Any, |field| &field.kind),
        _ => &Kind::Any,
    }
}

fn list_merge(kind: &'static Kind) -> Merge {
    match kind {
        Kind::List(_, merge) | Kind::OneOrMore(_, merge) => *merge,
        Kind::Nullable(inner) | Kind::Short(_, inner) => list_merge(inner),
        Kind::Hosts => Merge::Unique,
        Kind::Command | Kind::HealthTest => Merge::Replace,
        _ => Merge::Append,
    }
}

fn merge_lists(base: &mut Vec<Node>, over: Vec<Node>, merge: Merge) {
    match merge {
        Merge::Append => base.extend(over),
        Merge::Replace => *base = over,
        Merge::Unique => merge_by(base, over, identity::value),
        Merge::By(identity) => merge_by(base, over, identity),
    }
}

fn merge_by(base: &mut Vec<Node>, over: Vec<Node>, identity: fn(&Node) -> String) {
    let mut places: HashMap<String, usize> =
        base.iter().enumerate().map(|(place, node)| (identity(node), place)).collect();
    for node in over {
        let place = *places.entry(identity(&node)).or_insert(base.len());
        match base.get_mut(place) {
            Some(under) => *under = node,
            None => base.push(node),
        }
    }
}

/// Takes out what is still marked `!reset` when there was nothing to take away.
pub(super) fn prune(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => {
            map.retain(|_, entry| entry.node.tag != Some(Tag::Reset));
            map.values_mut().for_each(|entry| prune(&mut entry.node));
        }
        Value::List(items) => {
            items.retain(|item| item.tag != Some(Tag::Reset));
            items.iter_mut().for_each(prune);
        }
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_) => {}
    }
}
