//! The merged tree to a [`Project`], one element at a time so that each can fail on its own.

use super::decode::{DecodeError, decode};
use super::node::{Node, Value};
use super::report::Report;
use crate::model::{Key, Places, Project, Rest};
use engine_spec::{ProjectName, ServiceName};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Builds the project; what cannot be read is reported and left out.
pub(super) fn assemble(
    tree: &Node,
    name: ProjectName,
    is_active: &dyn Fn(&Node) -> bool,
    report: &mut Report,
) -> Project {
    let mut project = Project {
        name,
        services: BTreeMap::new(),
        disabled: BTreeMap::new(),
        networks: elements(tree, "networks", report),
        volumes: elements(tree, "volumes", report),
        configs: elements(tree, "configs", report),
        secrets: elements(tree, "secrets", report),
        rest: extensions(tree),
        separator: '-',
        working_dir: PathBuf::new(),
        files: Vec::new(),
        environment_files: Vec::new(),
        environment: BTreeMap::new(),
        places: Places::default(),
    };
    for (name, entry) in tree.entries("services") {
        let name = match ServiceName::new(name.as_str()) {
            Ok(name) => name,
            Err(error) => {
                report.error(entry.key_span, error.to_string());
                continue;
            }
        };
        let Some(service) = element(&entry.node, report) else { continue };
        let services = if is_active(&entry.node) { &mut project.services } else { &mut project.disabled };
        services.insert(name, service);
    }
    project
}

fn elements<T: DeserializeOwned + Default>(
    tree: &Node,
    section: &str,
    report: &mut Report,
) -> BTreeMap<Key, T> {
    let decoded = |(key, entry): (&String, &super::node::Entry)| {
        // `data:` without anything is an element with every default.
        let element = match entry.node.value {
            Value::Null => Some(T::default()),
            _ => element(&entry.node, report),
        };
        Some((Key::new(key.as_str()), element?))
    };
    tree.entries(section).filter_map(decoded).collect()
}

fn element<T: DeserializeOwned>(node: &Node, report: &mut Report) -> Option<T> {
    match decode(node) {
        Ok(element) => Some(element),
        Err(DecodeError { message, span }) => {
            report.error(span.unwrap_or(node.span), message);
            None
        }
    }
}

fn extensions(tree: &Node) -> Rest {
    let entries = tree.as_map().into_iter().flatten().filter(|(key, _)| key.starts_with("x-"));
    entries.map(|(key, entry)| (key.clone(), entry.node.value.to_json())).collect()
}
