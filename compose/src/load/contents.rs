//! The contents of configs and secrets.

use super::compose_file::Included;
use super::environment::Variables;
use super::node::{Entry, Node, Span, Value};
use super::report::Report;
use super::shape::did_you_mean;
use super::source::Reader;
use crate::model::{Contents, FileObject, Key, Project};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What reading needs.
pub(super) struct Context<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) variables: Seen<'a>,
    /// The administrator's folder, with `configs` and `secrets` made outside of any project.
    pub(super) external: &'a Path,
    pub(super) report: &'a mut Report,
}

/// The variables that an element sees: those of the file it stands in.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) project: &'a Variables,
    pub(super) included: &'a [Included],
}

impl<'a> Seen<'a> {
    fn at(self, span: Span) -> &'a Variables {
        let included = self.included.iter().find(|included| included.sources.contains(&span.source));
        included.map_or(self.project, |included| &included.variables)
    }
}

/// The contents of the configs and secrets that services use, by key.
#[derive(Default)]
pub(super) struct Read {
    configs: BTreeMap<String, Contents>,
    secrets: BTreeMap<String, Contents>,
}

/// Reads the contents that services use.
pub(super) fn read(tree: &Node, context: &mut Context<'_>) -> Read {
    Read { configs: context.section(tree, "configs"), secrets: context.section(tree, "secrets") }
}

impl Read {
    /// Gives the project's configs and secrets what was read for them.
    pub(super) fn give(mut self, project: &mut Project) {
        give(&mut project.configs, &mut self.configs);
        give(&mut project.secrets, &mut self.secrets);
    }
}

fn give(objects: &mut BTreeMap<Key, FileObject>, contents: &mut BTreeMap<String, Contents>) {
    for (key, object) in objects {
        object.contents = contents.remove(key.as_str());
    }
}

impl Context<'_> {
    fn section(&mut self, tree: &Node, section: &str) -> BTreeMap<String, Contents> {
        let services = tree.entries("services").map(|(_, entry)| &entry.node);
        let used: BTreeSet<&str> = services
            .flat_map(|service| service.items(section))
            .filter_map(|attachment| attachment.text_at("source"))
            .collect();
        let elements = tree.entries(section).filter(|(key, _)| used.contains(key.as_str()));
        let read = |(key, entry): (&String, &Entry)| {
            let is_external = entry.node.get("external").is_some_and(|node| node.value == Value::Bool(true));
            let contents = if is_external {
                self.external(key, entry, section)
            } else {
                self.object(key, &entry.node, entry.key_span)
            };
            Some((key.clone(), contents?))
        };
        elements.filter_map(read).collect()
    }

    /// One that is made outside of the project: a file of the administrator's with its real name.
    fn external(&mut self, key: &str, entry: &Entry, section: &str) -> Option<Contents> {
        let kind = section.trim_end_matches('s');
        let name = entry.node.text_at("name").unwrap_or(key);
        if name.contains('/') {
            let message = format!("the name of the external {kind} `{key}` is no file name: {name}");
            self.report.error(entry.key_span, message).hint = Some("give it a name without `/`".to_owned());
            return None;
        }
        let path = self.external.join(section).join(name);
        match self.reader.bytes(&path) {
            Ok(bytes) => Some(Contents(bytes)),
            Err(error) => {
                let message = format!("{kind} `{key}` is external, and {} cannot be read", path.display());
                let hint = format!("put the {kind} into that file: {}", error.diagnostic("it").message);
                self.report.error(entry.key_span, message).hint = Some(hint);
                None
            }
        }
    }

    fn object(&mut self, key: &str, object: &Node, span: Span) -> Option<Contents> {
        if let Some(content) = object.text_at("content") {
            return Some(Contents(content.as_bytes().to_vec()));
        }
        if let Some(name) = object.get("environment") {
            return self.variable(key, name);
        }
        let file = object.get("file")?;
        let path = Path::new(file.as_text()?);
        match self.reader.bytes(path) {
            Ok(bytes) => Some(Contents(bytes)),
            Err(error) => {
                let message = if error.is_missing() {
                    format!("the file of `{key}` is missing: {}", error.path.display())
                } else {
                    error.diagnostic("the file of").message
                };
                let hint = format!("create it, or name another file for `{key}`");
                let span = if file.is_faulty() { span } else { file.span };
                self.report.error(span, message).hint = Some(hint);
                None
            }
        }
    }

    fn variable(&mut self, key: &str, node: &Node) -> Option<Contents> {
        let name = node.as_text()?;
        let variables = self.variables.at(node.span);
        if let Some(value) = variables.get(name) {
            return Some(Contents(value.as_bytes().to_vec()));
        }
        let message = format!("`{key}` needs the environment variable `{name}`, which is not set");
        let near = variables.nearest(name).map(did_you_mean);
        self.report.error(node.span, message).hint =
            near.or_else(|| Some(format!("set {name} in the environment or in .env")));
        None
    }
}
