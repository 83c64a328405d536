//! The merged tree to a [`Project`], one element at a time so that each can fail on its own.

use super::decode::{DecodeError, decode};
use super::node::{Node, Span};
use super::report::Report;
use crate::model::{Key, Places, Project, Rest, Service};
use engine_spec::{ProjectName, ServiceName};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Builds the project; `None` if something in it could not be read.
pub(super) fn assemble(
    tree: &Node,
    name: ProjectName,
    profiles: &[String],
    report: &mut Report,
) -> Option<Project> {
    warn_of_version(tree, report);
    let mut project = Project {
        name,
        services: BTreeMap::new(),
        disabled: BTreeMap::new(),
        networks: elements(tree, "networks", report),
        volumes: elements(tree, "volumes", report),
        configs: elements(tree, "configs", report),
        secrets: elements(tree, "secrets", report),
        rest: extensions(tree),
        working_dir: PathBuf::new(),
        files: Vec::new(),
        environment_files: Vec::new(),
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
        let Some(service) = element::<Service>(&entry.node, report) else { continue };
        if is_active(&service, profiles) {
            project.services.insert(name, service);
        } else {
            project.disabled.insert(name, service);
        }
    }
    (!report.has_errors()).then_some(project)
}

fn warn_of_version(tree: &Node, report: &mut Report) {
    if tree.at(&["version"]).is_some() {
        let warning = report.warning(tree.locate(&["version"]), "`version` is obsolete and ignored");
        warning.hint = Some("remove it".to_owned());
    }
}

fn is_active(service: &Service, profiles: &[String]) -> bool {
    service.profiles.is_empty()
        || profiles.iter().any(|active| active == "*" || service.profiles.contains(active))
}

fn elements<T: DeserializeOwned + Default>(
    tree: &Node,
    section: &str,
    report: &mut Report,
) -> BTreeMap<Key, T> {
    let decoded = |(key, entry): (&String, &super::node::Entry)| {
        // `data:` without anything is an element with every default.
        let element = match entry.node.value {
            super::node::Value::Null => Some(T::default()),
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
            let span: Span = span.unwrap_or(node.span);
            report.error(span, message);
            None
        }
    }
}

fn extensions(tree: &Node) -> Rest {
    let entries = tree.as_map().into_iter().flatten().filter(|(key, _)| key.starts_with("x-"));
    entries.map(|(key, entry)| (key.clone(), entry.node.value.to_json())).collect()
}
