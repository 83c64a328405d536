//! What the project's files refer to: env and label files, and the contents of configs and secrets.

use super::environment::Variables;
use super::interpolate::Lookup;
use super::node::{Node, Span};
use super::report::Report;
use super::source::Reader;
use super::{Depth, dotenv, environment};
use crate::model::{Contents, EnvFile, FileObject, FileSource, Key, Project, Service};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What reading needs.
pub(super) struct Context<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) variables: &'a Variables,
    /// The administrator's folder, with `configs` and `secrets` made outside of any project.
    pub(super) external: &'a Path,
    pub(super) report: &'a mut Report,
}

/// Reads as much as `depth` asks for.
pub(super) fn read(project: &mut Project, tree: &Node, depth: Depth, context: &mut Context<'_>) {
    if depth >= Depth::Environment {
        for (name, service) in &mut project.services {
            let span = |key| tree.locate(&["services", name.as_str(), key]);
            context.env_files(service, span("env_file"), true);
            context.label_files(service, span("label_file"));
        }
        for service in project.disabled.values_mut() {
            context.env_files(service, tree.span, false);
        }
    }
    if depth >= Depth::Contents {
        let services = || project.services.values().chain(project.disabled.values());
        let used = services()
            .flat_map(|service| service.configs.iter().map(|config| config.source.clone()))
            .collect();
        context.objects(&mut project.configs, &used, tree, "configs");
        let services = || project.services.values().chain(project.disabled.values());
        let used = services()
            .flat_map(|service| service.secrets.iter().map(|secret| secret.source.clone()))
            .collect();
        context.objects(&mut project.secrets, &used, tree, "secrets");
    }
}

impl Context<'_> {
    /// Puts the variables of a service's files below its own.
    fn env_files(&mut self, service: &mut Service, span: Span, is_active: bool) {
        let variables = self.variables;
        let mut values = Variables::new();
        for file in &service.env_file {
            let own = |name: &str| service.environment.get(name).cloned().flatten();
            let earlier = |name: &str| values.get(name).cloned();
            let lookup =
                |name: &str| variables.get(name).cloned().or_else(|| own(name)).or_else(|| earlier(name));
            let missing = (file.required && is_active).then_some(span);
            if let Some(more) = self.env_file(file, &lookup, missing) {
                values.extend(more);
            }
        }
        for (key, value) in values {
            service.environment.entry(key).or_insert(Some(value));
        }
    }

    /// Puts the labels of a service's files below its own; a later file wins over an earlier one.
    fn label_files(&mut self, service: &mut Service, span: Span) {
        let mut labels = Variables::new();
        for path in &service.label_file {
            let file = EnvFile { path: path.into(), required: true, format: None };
            if !self.reader.files.exists(&file.path) {
                let shown = self.reader.shown(&file.path);
                self.report.error(span, format!("label file {} not found", shown.display()));
                continue;
            }
            let variables = self.variables;
            let lookup = |name: &str| variables.get(name).cloned();
            labels.extend(self.env_file(&file, &lookup, None).unwrap_or_default());
        }
        for (key, value) in labels {
            service.labels.entry(key).or_insert(value);
        }
    }

    /// The variables of one file. `missing` is where to report that it is not there.
    fn env_file(&mut self, file: &EnvFile, lookup: &Lookup<'_>, missing: Option<Span>) -> Option<Variables> {
        if !self.reader.files.exists(&file.path) {
            let shown = self.reader.shown(&file.path);
            let hint = "write `{path: …, required: false}` if it may be missing".to_owned();
            self.report.error(missing?, format!("env file {} not found", shown.display())).hint = Some(hint);
            return None;
        }
        if file.format.as_deref() == Some("raw") {
            let text = self.reader.text(&file.path);
            let text = text.map_err(|error| self.report.note(error.diagnostic("env file"))).ok()?;
            return Some(dotenv::parse_raw(&text, lookup));
        }
        match environment::read(&file.path, lookup, &self.reader, self.report) {
            Ok(values) => Some(values),
            Err(diagnostic) => {
                self.report.note(*diagnostic);
                None
            }
        }
    }

    fn objects(
        &mut self,
        objects: &mut BTreeMap<Key, FileObject>,
        used: &BTreeSet<String>,
        tree: &Node,
        section: &str,
    ) {
        for (key, object) in objects.iter_mut().filter(|(key, _)| used.contains(key.as_str())) {
            let span = tree.locate(&[section, key.as_str()]);
            object.contents = match object.external {
                true => self.external(key, &object.name, section, span),
                false => self.object(key, object, span),
            };
        }
    }

    /// One that is made outside of the project: a file of the administrator's with its real name.
    fn external(&mut self, key: &Key, name: &str, section: &str, span: Span) -> Option<Contents> {
        let kind = section.trim_end_matches('s');
        if name.contains('/') {
            self.report
                .error(span, format!("the name of the external {kind} `{key}` is no file name: {name}"));
            return None;
        }
        let path = self.external.join(section).join(name);
        match self.reader.bytes(&path) {
            Ok(bytes) => Some(Contents(bytes)),
            Err(error) => {
                let message = format!("{kind} `{key}` is external, and {} cannot be read", path.display());
                let hint = format!("put the {kind} into that file: {}", error.diagnostic("it").message);
                self.report.error(span, message).hint = Some(hint);
                None
            }
        }
    }

    fn object(&mut self, key: &Key, object: &FileObject, span: Span) -> Option<Contents> {
        match object.source.as_ref()? {
            FileSource::Content(text) => Some(Contents(text.clone().into_bytes())),
            FileSource::Environment(name) => match self.variables.get(name) {
                Some(value) => Some(Contents(value.clone().into_bytes())),
                None => {
                    self.report.error(
                        span,
                        format!("`{key}` needs the environment variable `{name}`, which is not set"),
                    );
                    None
                }
            },
            FileSource::File(path) => match self.reader.bytes(path) {
                Ok(bytes) => Some(Contents(bytes)),
                Err(error) => {
                    let diagnostic = error.diagnostic("the file of");
                    let message = if error.is_missing() {
                        format!("the file of `{key}` is missing: {}", error.path.display())
                    } else {
                        diagnostic.message
                    };
                    self.report.error(span, message);
                    None
                }
            },
        }
    }
}
