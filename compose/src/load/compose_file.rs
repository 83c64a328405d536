//! One Compose file to one canonical tree: read, parse, interpolate, shape, include, extend.

use super::environment::{self, Variables};
use super::interpolate::interpolate;
use super::merge::merge;
use super::node::{Node, Span, Value};
use super::report::Report;
use super::schema::{Kind, PROJECT};
use super::shape::{Shape, did_you_mean};
use super::source::Reader;
use super::{document, path};
use crate::diagnostic::nearest;
use std::path::{Path, PathBuf};

pub(super) static FILE: Kind = Kind::Object(&PROJECT);

/// What the files of one project, or of one include, have in common.
pub(super) struct Scope<'a> {
    /// The variables that interpolation sees.
    pub(super) variables: &'a Variables,
    /// The folder that relative paths start from.
    pub(super) folder: &'a Path,
}

/// Loads files; keeps the chain of includes to find circles.
pub(super) struct Loader<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) report: Report,
    including: Vec<PathBuf>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(reader: Reader<'a>) -> Self {
        Self { reader, report: Report::default(), including: Vec::new() }
    }

    /// The documents of a file as they stand. `from` is where another file names it.
    pub(super) fn parse(&mut self, file: &Path, from: Option<Span>) -> Vec<Node> {
        match self.reader.text(file) {
            Ok(text) => {
                let shown = self.reader.shown(file);
                let source = self.report.add_source(&shown, text, false);
                let documents = document::parse(source, &mut self.report);
                if documents.is_empty() && !self.report.has_errors() {
                    self.report.note(crate::Diagnostic::error(format!("{} is empty", shown.display())));
                }
                documents
            }
            Err(error) => {
                let diagnostic = error.diagnostic("compose file");
                match from {
                    Some(span) => drop(self.report.error(span, diagnostic.message)),
                    None => self.report.note(diagnostic),
                }
                Vec::new()
            }
        }
    }

    /// The canonical tree of parsed documents, with what they include and extend.
    pub(super) fn complete(&mut self, documents: Vec<Node>, file: &Path, scope: &Scope<'_>) -> Option<Node> {
        let mut tree = self.canonical(documents, scope)?;
        if let Some(include) = tree.as_map_mut().and_then(|map| map.remove("include")) {
            tree = self.include(&include.node, tree, scope);
        }
        self.extend_all(&mut tree, file, scope);
        Some(tree)
    }

    fn canonical(&mut self, documents: Vec<Node>, scope: &Scope<'_>) -> Option<Node> {
        let mut whole: Option<Node> = None;
        for mut document in documents {
            let lookup = |name: &str| scope.variables.get(name).cloned();
            interpolate(&mut document, &lookup, &mut self.report);
            let home = scope.variables.get("HOME").map(String::as_str);
            let mut shape = Shape { report: &mut self.report, base: scope.folder, home };
            if !shape.shape(&mut document, &FILE, "the file") {
                continue;
            }
            resolve_variables(&mut document, scope.variables);
            match &mut whole {
                Some(whole) => merge(whole, document, &FILE),
                None => whole = Some(document),
            }
        }
        whole
    }

    /// Puts `tree` on top of everything it includes.
    fn include(&mut self, includes: &Node, tree: Node, scope: &Scope<'_>) -> Node {
        let mut base = Node::empty_map(tree.span);
        for item in includes.as_list().unwrap_or_default() {
            if let Some(mut included) = self.include_one(item, scope) {
                included.as_map_mut().map(|map| map.remove("name"));
                merge(&mut base, included, &FILE);
            }
        }
        merge(&mut base, tree, &FILE);
        base
    }

    fn include_one(&mut self, item: &Node, scope: &Scope<'_>) -> Option<Node> {
        let home = scope.variables.get("HOME").map(String::as_str);
        let absolute = |text: &str| path::absolute(text, scope.folder, home);
        let texts =
            |key: &str| -> Vec<PathBuf> { item.items(key).filter_map(Node::as_text).map(absolute).collect() };
        let files = texts("path");
        let first = files.first()?;
        if self.including.contains(first) {
            self.report.error(item.span, format!("{} includes itself", first.display()));
            return None;
        }
        let folder = match item.text_at("project_directory") {
            Some(folder) => absolute(folder),
            None => first.parent()?.to_owned(),
        };
        let mut variables = scope.variables.clone();
        let env_files = texts("env_file");
        if env_files.is_empty() {
            environment::add_default(&mut variables, &folder, &self.reader, &mut self.report);
        } else {
            environment::add_files(&mut variables, &env_files, &self.reader, &mut self.report);
        }
        self.including.push(first.clone());
        let tree = self.merged(&files, Some(item.span), &Scope { variables: &variables, folder: &folder });
        self.including.pop();
        tree
    }

    fn merged(&mut self, files: &[PathBuf], from: Option<Span>, scope: &Scope<'_>) -> Option<Node> {
        let mut whole: Option<Node> = None;
        for file in files {
            let documents = self.parse(file, from);
            let Some(tree) = self.complete(documents, file, scope) else { continue };
            match &mut whole {
                Some(whole) => merge(whole, tree, &FILE),
                None => whole = Some(tree),
            }
        }
        whole
    }

    fn extend_all(&mut self, tree: &mut Node, file: &Path, scope: &Scope<'_>) {
        let extending: Vec<String> = tree
            .entries("services")
            .filter(|(_, entry)| entry.node.at(&["extends"]).is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for name in extending {
            let mut chain = vec![(file.to_owned(), name.clone())];
            let extended = self.extended(tree, &name, scope, &mut chain);
            let services = tree.as_map_mut().and_then(|map| map.get_mut("services"));
            let entry = services.and_then(|services| services.node.as_map_mut()?.get_mut(&name));
            if let (Some(entry), Some(extended)) = (entry, extended) {
                entry.node = extended;
            }
        }
    }

    /// A service of `tree` on top of what it extends. `chain` holds the services on the way, this one last.
    fn extended(
        &mut self,
        tree: &Node,
        name: &str,
        scope: &Scope<'_>,
        chain: &mut Vec<(PathBuf, String)>,
    ) -> Option<Node> {
        let mut service = tree.at(&["services", name])?.clone();
        let Some(extends) = service.as_map_mut().and_then(|map| map.remove("extends")) else {
            return Some(service);
        };
        let Some(target) = extends.node.text_at("service").map(str::to_owned) else {
            self.report.error(extends.key_span, "`extends` needs a `service`");
            return Some(service);
        };
        let file = chain.last().map(|(file, _)| file.clone()).unwrap_or_default();
        let mut base = match extends.node.text_at("file") {
            None => self.base(tree, &target, &file, extends.node.span, scope, chain),
            Some(other) => {
                let home = scope.variables.get("HOME").map(String::as_str);
                let other = path::absolute(other, scope.folder, home);
                let folder = other.parent().unwrap_or(scope.folder).to_owned();
                let scope = Scope { variables: scope.variables, folder: &folder };
                let documents = self.parse(&other, Some(extends.node.span));
                let other_tree = self.canonical(documents, &scope)?;
                self.base(&other_tree, &target, &other, extends.node.span, &scope, chain)
            }
        }?;
        merge(&mut base, service, super::schema::service_kind());
        Some(base)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a recursion over both trees and chain")]
    fn base(
        &mut self,
        tree: &Node,
        target: &str,
        file: &Path,
        span: Span,
        scope: &Scope<'_>,
        chain: &mut Vec<(PathBuf, String)>,
    ) -> Option<Node> {
        let link = (file.to_owned(), target.to_owned());
        if chain.contains(&link) {
            let names: Vec<_> = chain.iter().map(|(_, name)| name.as_str()).chain([target]).collect();
            self.report.error(span, format!("a service extends itself: {}", names.join(" -> ")));
            return None;
        }
        if tree.at(&["services", target]).is_none() {
            let hint =
                nearest(target, tree.entries("services").map(|(name, _)| name.as_str())).map(did_you_mean);
            let shown = self.reader.shown(file);
            let message = format!("cannot extend service `{target}`: it is not in {}", shown.display());
            self.report.error(span, message).hint = hint;
            return None;
        }
        chain.push(link);
        let base = self.extended(tree, target, scope, chain);
        chain.pop();
        base
    }
}

/// Gives variables without a value that of the environment, where it has one.
fn resolve_variables(document: &mut Node, variables: &Variables) {
    let services = document.as_map_mut().and_then(|map| map.get_mut("services"));
    let Some(services) = services.and_then(|services| services.node.as_map_mut()) else { return };
    for service in services.values_mut() {
        let Some(service) = service.node.as_map_mut() else { continue };
        if let Some(environment) = service.get_mut("environment") {
            fill(&mut environment.node, variables);
        }
        let args = service.get_mut("build").and_then(|build| build.node.as_map_mut()?.get_mut("args"));
        if let Some(args) = args {
            fill(&mut args.node, variables);
        }
    }
}

fn fill(pairs: &mut Node, variables: &Variables) {
    for (name, entry) in pairs.as_map_mut().into_iter().flatten() {
        if let (Value::Null, None, Some(value)) = (&entry.node.value, entry.node.tag, variables.get(name)) {
            entry.node.value = Value::Text(value.clone());
        }
    }
}
