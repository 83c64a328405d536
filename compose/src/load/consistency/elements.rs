//! Volumes, configs and secrets of the project: one source each, and nothing beside `external`.

use super::Check;
use crate::load::node::{Entry, Node, Value};

impl Check<'_> {
    pub(super) fn elements(&mut self) {
        let tree = self.tree;
        for (key, entry) in tree.entries("volumes") {
            self.external_volume(key, &entry.node);
        }
        for (key, entry) in tree.entries("configs") {
            self.sources("config", key, entry, &["file", "environment", "content"]);
        }
        for (key, entry) in tree.entries("secrets") {
            self.sources("secret", key, entry, &["file", "environment"]);
        }
    }

    /// An external volume is made elsewhere, so nothing can be said about it but its name.
    fn external_volume(&mut self, key: &str, volume: &Node) {
        if !is_external(volume) {
            return;
        }
        for (attribute, entry) in volume.as_map().into_iter().flatten() {
            if !matches!(attribute.as_str(), "name" | "external") && !attribute.starts_with("x-") {
                let message = format!("volume `{key}` is external and cannot have `{attribute}`");
                self.report.error(entry.key_span, message).hint =
                    Some(format!("remove `{attribute}` or `external`"));
            }
        }
    }

    fn sources(&mut self, kind: &str, key: &str, entry: &Entry, sources: &[&str]) {
        let node = &entry.node;
        if is_external(node) || node.is_faulty() || node.get("driver").is_some() {
            return;
        }
        let given: Vec<&Node> = sources.iter().filter_map(|source| node.get(source)).collect();
        match given.as_slice() {
            [_] => {}
            [] => {
                let message = format!("{kind} `{key}` has no source");
                self.report.error(entry.key_span, message).hint =
                    Some(format!("add one of `{}`", sources.join("`, `")));
            }
            [.., last] => {
                let message = format!("{kind} `{key}` has more than one source");
                self.report.error(last.span, message).hint =
                    Some(format!("keep one of `{}`", sources.join("`, `")));
            }
        }
    }
}

fn is_external(node: &Node) -> bool {
    node.get("external").is_some_and(|external| external.value == Value::Bool(true))
}
