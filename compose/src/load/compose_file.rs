//! One Compose file to one canonical tree: read, parse, interpolate, shape, include, extend.

use super::environment::Variables;
use super::interpolate::interpolate;
use super::merge::merge;
use super::node::{Mapping, Node, SourceId, Span, Value};
use super::origin::{Step, VariableSource};
use super::report::{Arrival, Report};
use super::schema::{Kind, PROJECT};
use super::shape::Shape;
use super::source::Reader;
use super::{Skip, document, path};
use crate::diagnostic::Diagnostic;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub(super) static FILE: Kind = Kind::Object(&PROJECT);

/// What the files of one project, or of one include, have in common.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The variables that interpolation sees.
    pub(super) variables: &'a Variables,
    /// The folder that relative paths start from.
    pub(super) folder: &'a Path,
    /// What is put before the relative paths that are kept, if anything is.
    pub(super) base: Option<&'a Path>,
}

impl Scope<'_> {
    /// What is put before the paths of a file that this one names, and whose own start from `folder`.
    /// Where paths stay relative, those of all files start from the first one's folder.
    pub(super) fn base_below(&self, folder: &Path) -> PathBuf {
        match self.base {
            Some(base) if base.is_absolute() => folder.to_owned(),
            base => path::clean(&base.unwrap_or(Path::new("")).join(path::relative(folder, self.folder))),
        }
    }
}

/// Loads files; keeps the chain of includes to find circles.
pub(super) struct Loader<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) skip: Skip,
    pub(super) report: Report,
    pub(super) including: Vec<PathBuf>,
    /// Every template in the files, for who asks which variables there are.
    pub(super) templates: Vec<String>,
    /// What included files see, the innermost first.
    pub(super) included: Vec<Included>,
}

/// The variables of files that were included together, with all that they include and extend.
#[derive(Debug)]
pub(super) struct Included {
    pub(super) sources: Range<SourceId>,
    pub(super) variables: Variables,
}

impl<'a> Loader<'a> {
    pub(super) fn new(reader: Reader<'a>, skip: Skip) -> Self {
        let (report, including, templates) = (Report::default(), Vec::new(), Vec::new());
        Self { reader, skip, report, including, templates, included: Vec::new() }
    }

    /// The documents of a file as they stand. `from` is where another file names it.
    pub(super) fn parse(&mut self, file: &Path, from: Option<Arrival>) -> Vec<Node> {
        let shown = self.reader.shown(file);
        let text = match self.reader.text(file) {
            Ok(text) if self.report.has_room() => text,
            Ok(_) => return self.unreadable(Diagnostic::error("more than 65,000 files"), from),
            Err(error) => {
                let is_missing = error.is_missing();
                let mut diagnostic = error.diagnostic("compose file");
                diagnostic.hint = (is_missing && from.is_none()).then(|| self.similar_file(file)).flatten();
                return self.unreadable(diagnostic, from);
            }
        };
        let source = self.report.add_source(&shown, text, from);
        let documents = document::parse(source, &mut self.report);
        if let [Node { value: Value::Text(target), span, .. }] = documents.as_slice()
            && let Some(other) = self.linked(file, target)
        {
            let message = format!("{} holds no more than the path of another file", shown.display());
            let hint = "that file is read; git writes such a file for a symbolic link it cannot make";
            self.report.warning(*span, message).hint = Some(hint.to_owned());
            return self.parse(&other, Some(Arrival { how: "named", span: *span }));
        }
        if documents.is_empty() && !self.report.is_incomplete {
            let start = Span { source, line: 1, column: 1, length: 0 };
            let hint = "write at least `services:` with one service".to_owned();
            self.report.error(start, format!("{} is empty", shown.display())).hint = Some(hint);
        }
        documents
    }

    /// The file that a text stands for which is nothing but a relative path.
    fn linked(&self, file: &Path, target: &str) -> Option<PathBuf> {
        let other = path::clean(&file.parent()?.join(target));
        let is_path = target.contains('/') && !target.contains(['\n', ' ', ':']);
        (is_path && other != file && self.reader.files.is_file(&other)).then_some(other)
    }

    /// A hint at a file beside a missing one whose name is another usual one.
    fn similar_file(&self, file: &Path) -> Option<String> {
        let folder = file.parent()?;
        let found = super::source::FILE_NAMES.iter().map(|name| folder.join(name));
        let found = found.into_iter().find(|path| path != file && self.reader.files.is_file(path))?;
        Some(format!("there is {}", self.reader.shown(&found).display()))
    }

    fn unreadable(&mut self, diagnostic: Diagnostic, from: Option<Arrival>) -> Vec<Node> {
        self.report.is_incomplete = true;
        match from {
            Some(arrival) => {
                let hint =
                    diagnostic.hint.or_else(|| Some("create the file, or correct the path".to_owned()));
                self.report.error(arrival.span, diagnostic.message).hint = hint;
            }
            None => self.report.note(diagnostic),
        }
        Vec::new()
    }

    /// The canonical tree of parsed documents, with what they include and extend.
    pub(super) fn complete(&mut self, documents: Vec<Node>, file: &Path, scope: &Scope<'_>) -> Option<Node> {
        let mut tree = self.canonical(documents, scope)?;
        if let Some(include) = tree.as_map_mut().and_then(|map| map.remove("include")) {
            self.including.push(file.to_owned());
            tree = self.include(&include.node, tree, scope);
            self.including.pop();
        }
        self.extend_all(&mut tree, file, scope);
        resolve_variables(&mut tree, scope.variables);
        Some(tree)
    }

    fn canonical(&mut self, documents: Vec<Node>, scope: &Scope<'_>) -> Option<Node> {
        let mut whole: Option<Node> = None;
        for document in documents {
            let mut document = self.interpolated(document, scope);
            self.shape(&mut document, &FILE, "the file", scope);
            if document.is_faulty() {
                continue;
            }
            warn_of_version(&mut document, &mut self.report);
            match &mut whole {
                Some(whole) => merge(whole, document, &FILE),
                None => whole = Some(document),
            }
        }
        whole
    }

    /// A document with its variables replaced.
    pub(super) fn interpolated(&mut self, mut document: Node, scope: &Scope<'_>) -> Node {
        collect_templates(&document, &mut self.templates);
        if !self.skip.interpolation {
            interpolate(&mut document, scope.variables, &mut self.report);
        }
        document
    }

    /// Brings a value of one of the scope's files into its canonical form.
    pub(super) fn shape(&mut self, node: &mut Node, kind: &'static Kind, name: &str, scope: &Scope<'_>) {
        let mut shape = Shape {
            report: &mut self.report,
            base: scope.base,
            home: scope.variables.get("HOME"),
            has_templates: self.skip.interpolation,
        };
        shape.shape(node, kind, name);
    }

    /// The files of one project on top of each other.
    pub(super) fn merged(
        &mut self,
        files: &[PathBuf],
        from: Option<Arrival>,
        scope: &Scope<'_>,
    ) -> Option<Node> {
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
}

fn collect_templates(node: &Node, templates: &mut Vec<String>) {
    match &node.value {
        Value::Text(text) if text.contains('$') => templates.push(text.clone()),
        Value::List(items) => items.iter().for_each(|item| collect_templates(item, templates)),
        Value::Map(map) => map.values().for_each(|entry| collect_templates(&entry.node, templates)),
        _ => {}
    }
}

fn warn_of_version(document: &mut Node, report: &mut Report) {
    if let Some(version) = document.as_map_mut().and_then(|map| map.remove("version")) {
        report.warning(version.key_span, "`version` is obsolete and ignored").hint =
            Some("remove it".to_owned());
    }
}

/// Gives variables without a value that of the environment, where it has one.
fn resolve_variables(document: &mut Node, variables: &Variables) {
    for (_, service) in document.entries_mut("services") {
        let Some(service) = service.node.as_map_mut() else { continue };
        if let Some(environment) = service.get_mut("environment") {
            fill(environment.node.as_map_mut(), variables);
        }
        let args = service.get_mut("build").and_then(|build| build.node.get_mut("args"));
        fill(args.and_then(Node::as_map_mut), variables);
    }
}

fn fill(pairs: Option<&mut Mapping>, variables: &Variables) {
    for (name, entry) in pairs.into_iter().flatten() {
        if (&entry.node.value, entry.node.tag) != (&Value::Null, None) {
            continue;
        }
        let (value, used) = variables.used(name);
        if let Some(value) = value {
            entry.node.value = Value::Text(value.to_owned());
            entry.node.trace(Step::FromEnvironment(used));
        } else if used.source != VariableSource::Unset {
            entry.node.trace(Step::FromEnvironment(used));
        }
    }
}
