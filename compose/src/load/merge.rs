//! How a later file's values meet an earlier one's (Compose specification, 13-merge.md).
//!
//! Both trees are in canonical form, so one walk along the schema is enough.

use super::identity;
use super::node::{Entry, Mapping, Node, Tag, Value};
use super::origin::Step;
use super::schema::{Kind, Merge};
use std::collections::HashMap;

/// Puts `over` on top of `base`.
pub(super) fn merge(base: &mut Node, over: Node, kind: &'static Kind) {
    if over.tag == Some(Tag::Override) || base.tag == Some(Tag::Reset) {
        replace(base, over);
        return;
    }
    match (&mut base.value, over.value) {
        // An empty value does not clear what an earlier file says, except a command's.
        (_, Value::Null) if matches!(list_merge(kind), Merge::Replace) => {
            replace(base, Node { value: Value::Null, ..over });
        }
        (_, Value::Null) => {}
        (Value::Map(under), Value::Map(map)) if !matches!(kind, Kind::Either(..)) => {
            merge_maps(under, map, kind);
        }
        (Value::List(under), Value::List(items)) => merge_lists(under, items, kind),
        (_, value) => replace(base, Node { value, ..over }),
    }
}

/// Puts `over` in the place of `base`, and remembers what was there.
fn replace(base: &mut Node, mut over: Node) {
    let earlier = base.shown().unwrap_or_else(|| base.kind().to_owned());
    if base.value != Value::Null && base.tag.is_none() {
        let step = Step::Replaced { span: base.span, value: earlier };
        over.origin = prepend(base, over.origin, step);
    }
    *base = over;
}

/// The steps of `origin` after `step`, which comes after all that happened to `base`.
fn prepend(
    base: &Node,
    origin: Option<std::rc::Rc<super::origin::Origin>>,
    step: Step,
) -> Option<std::rc::Rc<super::origin::Origin>> {
    let mut node = Node::new(Value::Null, base.span);
    node.origin.clone_from(&base.origin);
    node.trace(step);
    let mut later = Vec::new();
    let mut next = origin.as_deref();
    while let Some(one) = next {
        later.push(one.step.clone());
        next = one.earlier.as_deref();
    }
    later.into_iter().rev().for_each(|step| node.trace(step));
    node.origin
}

fn merge_maps(base: &mut Mapping, over: Mapping, kind: &'static Kind) {
    for (key, entry) in over {
        if entry.node.tag == Some(Tag::Reset) {
            base.remove(&key);
            continue;
        }
        match base.get_mut(&key) {
            Some(under) if key.starts_with("x-") => *under = entry,
            Some(under) => merge_entry(under, entry, &key, kind),
            None => drop(base.insert(key, entry)),
        }
    }
}

fn merge_entry(base: &mut Entry, over: Entry, key: &str, kind: &'static Kind) {
    base.key_span = over.key_span;
    // A variable without a value stands for the environment's, whatever an earlier file gives it.
    if matches!(kind, Kind::Variables) && over.node.value == Value::Null {
        replace(&mut base.node, over.node);
        return;
    }
    // The options of one log driver mean nothing to another.
    let drivers = base.node.text_at("driver").zip(over.node.text_at("driver"));
    if key == "logging" && drivers.is_some_and(|(one, other)| one != other) {
        replace(&mut base.node, over.node);
        return;
    }
    merge(&mut base.node, over.node, value_kind(kind, key));
}

/// The kind of the value at `key`.
pub(super) fn value_kind(kind: &'static Kind, key: &str) -> &'static Kind {
    match kind {
        Kind::Nullable(inner) | Kind::Short(_, inner) | Kind::Either(_, inner) => value_kind(inner, key),
        Kind::Map(value) | Kind::Names(value, _) => value,
        Kind::Object(object) => object.field(key).map_or(&Kind::Any, |field| &field.kind),
        _ => &Kind::Any,
    }
}

/// How lists of a kind become one.
pub(super) fn list_merge(kind: &'static Kind) -> Merge {
    match kind {
        Kind::List(_, merge) | Kind::OneOrMore(_, merge) => *merge,
        Kind::Nullable(inner) | Kind::Short(_, inner) => list_merge(inner),
        Kind::Hosts => Merge::Unique,
        Kind::Command | Kind::HealthTest => Merge::Replace,
        _ => Merge::Append,
    }
}

/// The kind of a list's items.
pub(super) fn item_kind(kind: &'static Kind) -> &'static Kind {
    match kind {
        Kind::List(item, _) | Kind::OneOrMore(item, _) => item,
        Kind::Nullable(inner) | Kind::Short(_, inner) | Kind::Either(_, inner) => item_kind(inner),
        _ => &Kind::Any,
    }
}

fn merge_lists(base: &mut Vec<Node>, over: Vec<Node>, kind: &'static Kind) {
    match list_merge(kind) {
        Merge::Append | Merge::Distinct => base.extend(over),
        Merge::Replace => *base = over,
        Merge::Unique => merge_by(base, over, identity::value),
        Merge::By(identity) => merge_by(base, over, identity),
        Merge::Onto(identity) => merge_onto(base, over, identity, kind),
    }
}

fn merge_by(base: &mut Vec<Node>, over: Vec<Node>, identity: fn(&Node) -> String) {
    let mut places: HashMap<String, usize> =
        base.iter().enumerate().map(|(place, node)| (identity(node), place)).collect();
    for node in over {
        let place = *places.entry(identity(&node)).or_insert(base.len());
        match base.get_mut(place) {
            Some(under) => replace(under, node),
            None => base.push(node),
        }
    }
}

/// A list in which every item is there once: a later one takes the place of an earlier one.
pub(super) fn unique(items: &mut Vec<Node>, identity: fn(&Node) -> String) {
    let all = std::mem::take(items);
    merge_by(items, all, identity);
}

fn merge_onto(base: &mut Vec<Node>, over: Vec<Node>, identity: fn(&Node) -> String, kind: &'static Kind) {
    let mut earlier: HashMap<String, Node> = base.drain(..).map(|node| (identity(&node), node)).collect();
    for node in over {
        base.push(match earlier.remove(&identity(&node)) {
            Some(mut under) => {
                merge(&mut under, node, item_kind(kind));
                under
            }
            None => node,
        });
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
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Faulty => {}
    }
}
