//! What only the whole project can show: references to nothing, contradictions, circles.
//!
//! It looks at the tree, not at the typed project, so that a fault elsewhere in the file keeps nothing
//! from being found here. What was reported already is [`super::node::Value::Faulty`] and says nothing.

mod elements;
mod limits;
mod references;

use super::environment::DEFAULT_PLATFORM;
use super::node::{Entry, Node, Span, Value};
use super::origin::Step;
use super::report::Report;
use crate::diagnostic::Diagnostic;
use crate::graph;
use std::collections::BTreeMap;

/// Reports everything that does not fit together. Only active services are held to it.
/// `default_platform` is that of services which name none.
pub(super) fn check(
    tree: &Node,
    is_active: &dyn Fn(&Node) -> bool,
    default_platform: Option<&str>,
    report: &mut Report,
) {
    let all = tree.get("services").and_then(Node::as_map);
    let services: BTreeMap<&str, &Entry> =
        all.into_iter().flatten().map(|(name, entry)| (name.as_str(), entry)).collect();
    let mut check = Check { tree, services, is_active, default_platform, report };
    check.services();
    check.elements();
    check.container_names();
    check.cycles();
}

struct Check<'a> {
    tree: &'a Node,
    services: BTreeMap<&'a str, &'a Entry>,
    is_active: &'a dyn Fn(&Node) -> bool,
    default_platform: Option<&'a str>,
    report: &'a mut Report,
}

/// One service and its name.
#[derive(Clone, Copy)]
struct Named<'a> {
    name: &'a str,
    entry: &'a Entry,
}

impl<'a> Named<'a> {
    fn get(&self, key: &str) -> Option<&'a Node> {
        self.entry.node.get(key)
    }
}

impl<'a> Check<'a> {
    fn active(&self) -> Vec<Named<'a>> {
        let active = self.services.iter().filter(|(_, entry)| (self.is_active)(&entry.node));
        active
            .filter(|(_, entry)| entry.node.as_map().is_some())
            .map(|(name, entry)| Named { name, entry })
            .collect()
    }

    fn services(&mut self) {
        for service in self.active() {
            self.image(service);
            self.network_mode(service);
            self.replicas(service);
            self.limits(service);
            self.dependencies(service);
            self.resources(service);
            self.mount_targets(service);
        }
    }

    /// Notes an error about a service; where it stands in a service that this one extends, says so.
    fn fault(&mut self, service: Named<'_>, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let is_own = self.is_within(service, span);
        let extensions: Vec<Span> = service
            .entry
            .node
            .steps()
            .filter_map(|step| match step {
                Step::Extended(span) if !is_own => Some(*span),
                _ => None,
            })
            .collect();
        let notes: Vec<_> =
            extensions.into_iter().map(|span| self.report.note_at("extended", span)).collect();
        let diagnostic = self.report.error(span, message);
        for note in notes {
            let is_known = |known: &crate::diagnostic::Note| known.to_string() == note.to_string();
            if !diagnostic.notes.iter().any(is_known) {
                diagnostic.notes.push(note);
            }
        }
        diagnostic
    }

    /// Whether a place lies between a service's key and the next one's.
    fn is_within(&self, service: Named<'_>, span: Span) -> bool {
        let own = service.entry.key_span;
        let lines = self.services.values().map(|entry| entry.key_span);
        let next =
            lines.filter(|key| key.source == own.source && key.line > own.line).map(|key| key.line).min();
        span.source == own.source && span.line >= own.line && next.is_none_or(|next| span.line < next)
    }

    fn image(&mut self, service: Named<'_>) {
        let is_set = |key: &str| {
            service.get(key).is_some_and(|node| !matches!(&node.value, Value::Text(text) if text.is_empty()))
        };
        if !["image", "build", "provider"].into_iter().any(is_set) {
            let message = format!("service `{}` has neither an image nor a build context", service.name);
            self.fault(service, service.entry.key_span, message).hint =
                Some("add `image:` or `build:`".to_owned());
        }
        let Some(build) = service.get("build") else { return };
        let is_written = |key: &str| {
            build.get(key).filter(|node| !node.steps().any(|step| matches!(step, Step::Implied(_))))
        };
        if let (Some(_), Some(inline)) = (is_written("dockerfile"), is_written("dockerfile_inline")) {
            let hint = Some("remove one of them".to_owned());
            self.fault(service, inline.span, "`dockerfile` and `dockerfile_inline` exclude each other")
                .hint = hint;
        }
        self.platform(service, build);
    }

    fn platform(&mut self, service: Named<'_>, build: &Node) {
        let platforms: Vec<_> = build.items("platforms").collect();
        let Some(first) = platforms.first() else { return };
        if let Some(platform) = service.get("platform") {
            if !platforms.iter().any(|one| one.value == platform.value) {
                let shown = platform.shown().unwrap_or_default();
                let message = format!("`platform: {shown}` is not among `build.platforms`");
                self.fault(service, platform.span, message).hint = Some("add it there".to_owned());
            }
        } else if let Some(default) = self.default_platform
            && !platforms.iter().any(|one| one.as_text() == Some(default))
        {
            let message = format!("{DEFAULT_PLATFORM}, {default}, is not among `build.platforms`");
            let hint = format!("add it there, or unset {DEFAULT_PLATFORM}");
            self.fault(service, first.span, message).hint = Some(hint);
        }
    }

    fn network_mode(&mut self, service: Named<'_>) {
        let has_networks =
            service.get("networks").and_then(Node::as_map).is_some_and(|networks| !networks.is_empty());
        if let (Some(mode), true) = (service.get("network_mode").filter(|mode| is_given(mode)), has_networks)
        {
            let hint = "remove one of them".to_owned();
            self.fault(service, mode.span, "`network_mode` and `networks` exclude each other").hint =
                Some(hint);
        }
    }

    fn container_names(&mut self) {
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        for service in self.active() {
            let Some(node) = service.get("container_name") else { continue };
            let Some(container) = node.as_text().filter(|text| !text.is_empty()) else { continue };
            if let Some(owner) = owners.insert(container, service.name) {
                let message = format!("container name `{container}` is also that of service `{owner}`");
                self.report.doubt(node.span, message).hint =
                    Some("give one of them another name, or none".to_owned());
            }
        }
    }

    fn cycles(&mut self) {
        let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for service in self.active() {
            let names = service.entry.node.entries("depends_on").map(|(name, _)| name.as_str());
            needs.insert(service.name, names.collect());
        }
        for cycle in graph::cycles(&needs) {
            let Some((first, second)) = cycle.first().zip(cycle.get(1).or(cycle.first())) else { continue };
            let span = self.tree.locate(&["services", first, "depends_on", second]);
            let chain: Vec<_> = cycle.iter().chain(cycle.first()).copied().collect();
            let message = format!("dependency cycle detected: {}", chain.join(" -> "));
            self.report.error(span, message).hint = Some(
                "remove one of these dependencies; services reach each other by name without".to_owned(),
            );
        }
    }
}

fn is_given(node: &Node) -> bool {
    node.as_text().is_some_and(|text| !text.is_empty())
}
