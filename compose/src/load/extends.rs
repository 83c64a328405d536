//! `extends`: a service on top of another one, of this file or of another.

use super::compose_file::{Loader, Scope};
use super::merge::merge;
use super::node::{Entry, Mapping, Node, Span, Value};
use super::origin::Step;
use super::report::Arrival;
use super::schema::service_kind;
use super::shape::did_you_mean;
use super::{path, source};
use crate::diagnostic::nearest;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Longer chains are refused: each link recurses.
const MAX_CHAIN: usize = 100;

/// An empty service gives nothing, and Docker Compose goes on printing that it was extended.
fn keep(service: &mut Node, mut extends: Entry, scope: &Scope<'_>) {
    if let Some(Value::Text(file)) = extends.node.get_mut("file").map(|file| &mut file.value) {
        let absolute = path::absolute(file, scope.folder, scope.variables.get("HOME"));
        *file = absolute.to_string_lossy().into_owned();
    }
    if let Some(map) = service.as_map_mut() {
        map.insert("extends".to_owned(), extends);
    }
}

/// The services of one file while extensions are followed.
struct Family<'a> {
    file: &'a Path,
    services: &'a Mapping,
    scope: Scope<'a>,
    /// Whether the services still have the form in which they were written.
    is_raw: bool,
}

/// What following the extensions of one file's services comes by.
#[derive(Default)]
struct Trail {
    /// The links from the first service to the one that is looked at.
    chain: Vec<(PathBuf, String)>,
    /// The services of files that were read because one of them is extended.
    others: HashMap<PathBuf, Option<Mapping>>,
}

/// What an `extends` names, and where.
struct Target {
    service: String,
    span: Span,
}

impl Loader<'_> {
    pub(super) fn extend_all(&mut self, tree: &mut Node, file: &Path, scope: &Scope<'_>) {
        let Some(services) = tree.get_mut("services").and_then(Node::as_map_mut) else { return };
        let extending = services.iter().filter(|(_, entry)| entry.node.get("extends").is_some());
        let names: Vec<String> = extending.map(|(name, _)| name.clone()).collect();
        if names.is_empty() {
            return;
        }
        let mut extended = Vec::with_capacity(names.len());
        let family = Family { file, services, scope: *scope, is_raw: false };
        let mut trail = Trail::default();
        for name in names {
            trail.chain = vec![(file.to_owned(), name.clone())];
            let service = self.extended(&family, &name, &mut trail);
            extended.push((name, service));
        }
        for (name, service) in extended {
            if let Some(entry) = services.get_mut(&name) {
                match service {
                    Some(service) => entry.node = service,
                    None => entry.node.value = Value::Faulty,
                }
            }
        }
    }

    /// A service on top of what it extends. The trail holds the services on the way, this one last.
    fn extended(&mut self, family: &Family<'_>, name: &str, trail: &mut Trail) -> Option<Node> {
        let mut service = family.services.get(name)?.node.clone();
        if family.is_raw && service.value != Value::Null {
            self.shape(&mut service, service_kind(), name, &family.scope);
        }
        let Some(extends) = service.as_map_mut().and_then(|map| map.remove("extends")) else {
            return Some(service);
        };
        let span = extends.node.span;
        let Some(service_name) = extends.node.text_at("service").map(str::to_owned) else {
            if !extends.node.is_faulty() && extends.node.get("service").is_none() {
                let hint = "add `service:`, the name of the service to extend".to_owned();
                self.report.error(extends.key_span, "`extends` needs a `service`").hint = Some(hint);
            }
            return None;
        };
        let target = Target { service: service_name, span };
        let mut base = match extends.node.get("file").filter(|file| file.as_text().is_some()) {
            None => self.base(family, &target, trail),
            Some(other) => self.base_of_other(family, other, &target, trail),
        }?;
        if base.value == Value::Null {
            keep(&mut service, extends, &family.scope);
            return Some(service);
        }
        base.trace(Step::Extended(span));
        merge(&mut base, service, service_kind());
        Some(base)
    }

    fn base_of_other(
        &mut self,
        family: &Family<'_>,
        other: &Node,
        target: &Target,
        trail: &mut Trail,
    ) -> Option<Node> {
        let scope = family.scope;
        let span = other.span;
        let other = other.as_text()?;
        if path::is_fetched(other) {
            self.report.error(span, source::not_here("extend a service of", other)).hint =
                Some(source::FETCH_FIRST.to_owned());
            return None;
        }
        let other = path::absolute(other, scope.folder, scope.variables.get("HOME"));
        let folder = other.parent().unwrap_or(scope.folder).to_owned();
        let base = scope.base_below(&folder);
        let scope = Scope { variables: scope.variables, folder: &folder, base: Some(&base) };
        if !trail.others.contains_key(&other) {
            let services = self.services_of(&other, target.span, &scope);
            trail.others.insert(other.clone(), services);
        }
        let services = trail.others.get(&other).cloned().flatten()?;
        let family = Family { file: &other, services: &services, scope, is_raw: true };
        self.base(&family, target, trail)
    }

    /// The services of another file as they are written, with their variables replaced.
    fn services_of(&mut self, file: &Path, span: Span, scope: &Scope<'_>) -> Option<Mapping> {
        let documents = self.parse(file, Some(Arrival { how: "extended", span }));
        if documents.is_empty() {
            return None;
        }
        let mut all = Mapping::new();
        for document in documents {
            let mut document = self.interpolated(document, scope);
            let services = document.get_mut("services").and_then(Node::as_map_mut).map(std::mem::take);
            all.extend(services.unwrap_or_default());
        }
        Some(all)
    }

    fn base(&mut self, family: &Family<'_>, target: &Target, trail: &mut Trail) -> Option<Node> {
        let Target { service, span } = target;
        let link = (family.file.to_owned(), service.clone());
        if trail.chain.contains(&link) || trail.chain.len() > MAX_CHAIN {
            let names: Vec<_> =
                trail.chain.iter().map(|(_, name)| name.as_str()).chain([service.as_str()]).collect();
            let message = format!("a service extends itself: {}", names.join(" -> "));
            self.report.error(*span, message).hint = Some("remove one of the `extends`".to_owned());
            return None;
        }
        if !family.services.contains_key(service) {
            let hint = nearest(service, family.services.keys().map(String::as_str)).map(did_you_mean);
            let shown = self.reader.shown(family.file);
            let message = format!("cannot extend service `{service}`: it is not in {}", shown.display());
            self.report.error(*span, message).hint =
                hint.or_else(|| Some("name a service of that file".to_owned()));
            return None;
        }
        trail.chain.push(link);
        let base = self.extended(family, service, trail);
        trail.chain.pop();
        base
    }
}
