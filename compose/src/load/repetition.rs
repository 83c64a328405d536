//! Items that stand twice in a list: dropped where the later one wins, an error where neither can.

use super::identity;
use super::merge::{item_kind, list_merge, unique, value_kind};
use super::node::{Node, Value};
use super::report::Report;
use super::schema::{Kind, Merge};
use std::collections::HashSet;

/// Settles every list below `node`.
pub(super) fn settle(node: &mut Node, kind: &'static Kind, name: &str, report: &mut Report) {
    match &mut node.value {
        Value::Map(map) => {
            for (key, entry) in map.iter_mut().filter(|(key, _)| !key.starts_with("x-")) {
                settle(&mut entry.node, value_kind(kind, key), key, report);
            }
        }
        Value::List(items) => {
            match list_merge(kind) {
                Merge::Unique => unique(items, identity::value),
                Merge::By(identity) => unique(items, identity),
                Merge::Distinct => distinct(items, name, report),
                Merge::Append | Merge::Replace | Merge::Onto(_) => {}
            }
            let item = item_kind(kind);
            if !matches!(item, Kind::Text | Kind::Any) {
                items.iter_mut().for_each(|node| settle(node, item, name, report));
            }
        }
        _ => {}
    }
}

fn distinct(items: &[Node], name: &str, report: &mut Report) {
    let mut seen = HashSet::new();
    for item in items {
        if !seen.insert(identity::value(item)) {
            let shown = item.shown().unwrap_or_default();
            let hint = "remove it here, or replace the whole list with `!override`".to_owned();
            report.error(item.span, format!("`{name}` has `{shown}` twice")).hint = Some(hint);
        }
    }
}
