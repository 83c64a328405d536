//! What services name: other services, networks, volumes, configs, secrets, models.

use super::{Check, Named};
use crate::diagnostic::nearest;
use crate::load::node::{Node, Span, Value};
use crate::load::shape::did_you_mean;
use std::collections::BTreeMap;

const NAMESPACES: [&str; 5] = ["network_mode", "ipc", "pid", "uts", "cgroup"];

impl Check<'_> {
    pub(super) fn dependencies(&mut self, service: Named<'_>) {
        for (other, entry) in service.entry.node.entries("depends_on") {
            let is_required = entry.node.get("required").is_none_or(|node| node.value != Value::Bool(false));
            match self.services.get(other.as_str()) {
                Some(found) if (self.is_active)(&found.node) || !is_required => {}
                None if !is_required => {}
                Some(found) => {
                    let profiles: Vec<_> = found.node.items("profiles").filter_map(Node::as_text).collect();
                    let hint = format!("activate it with --profile {}", profiles.join(" or --profile "));
                    let message = format!(
                        "service `{other}` is required by `{}`, but its profiles are not active",
                        service.name
                    );
                    self.fault(service, entry.key_span, message).hint = Some(hint);
                }
                None => self.undefined_service(service, other, entry.key_span),
            }
        }
        for namespace in NAMESPACES {
            let Some(node) = service.get(namespace) else { continue };
            if node.as_text().and_then(|text| text.strip_prefix("service:")) == Some(service.name) {
                let message = format!("service `{}` cannot share its own namespace", service.name);
                self.fault(service, node.span, message).hint = Some("name another service".to_owned());
            }
        }
    }

    fn undefined_service(&mut self, service: Named<'_>, other: &str, span: Span) {
        if self.report.is_incomplete {
            return;
        }
        let hint = nearest(other, self.services.keys().copied()).map(did_you_mean);
        let message = format!("service `{}` depends on undefined service `{other}`", service.name);
        self.fault(service, span, message).hint =
            hint.or_else(|| Some(format!("add `{other}:` to `services`, or remove the dependency")));
    }

    pub(super) fn resources(&mut self, service: Named<'_>) {
        for (key, entry) in service.entry.node.entries("networks") {
            self.defined(service, "network", key, entry.key_span);
        }
        for (key, entry) in service.entry.node.entries("models") {
            self.defined(service, "model", key, entry.key_span);
        }
        for mount in service.entry.node.items("volumes") {
            let is_named = mount.text_at("type") == Some("volume");
            if let Some(source) = mount.get("source").filter(|source| is_named && super::is_given(source)) {
                self.defined(service, "volume", source.as_text().unwrap_or_default(), source.span);
            }
        }
        let build = service.get("build").map(|build| ("secret", build.items("secrets").collect()));
        let attached: [(&str, Vec<&Node>); 2] = [
            ("config", service.entry.node.items("configs").collect()),
            ("secret", service.entry.node.items("secrets").collect()),
        ];
        for (kind, attachments) in attached.into_iter().chain(build) {
            for attachment in attachments {
                if let Some(source) = attachment.get("source") {
                    self.defined(service, kind, source.as_text().unwrap_or_default(), source.span);
                } else if !attachment.is_faulty() {
                    let hint = format!("add `source:`, the name of the {kind}");
                    self.fault(service, attachment.span, format!("a {kind} needs a `source`")).hint =
                        Some(hint);
                }
            }
        }
        self.build_contexts(service);
    }

    fn defined(&mut self, service: Named<'_>, kind: &str, key: &str, span: Span) {
        let section = format!("{kind}s");
        let known = self.tree.get(&section).and_then(Node::as_map);
        if key.is_empty() || self.report.is_incomplete || known.is_some_and(|known| known.contains_key(key)) {
            return;
        }
        let names = known.into_iter().flatten().map(|(name, _)| name.as_str());
        let hint = nearest(key, names).map(did_you_mean);
        let message = format!("service `{}` uses undefined {kind} `{key}`", service.name);
        self.fault(service, span, message).hint =
            Some(hint.unwrap_or_else(|| format!("add `{key}:` to the top-level `{section}`")));
    }

    fn build_contexts(&mut self, service: Named<'_>) {
        let Some(build) = service.get("build") else { return };
        for (name, entry) in build.entries("additional_contexts") {
            let Some(other) = entry.node.as_text().and_then(|text| text.strip_prefix("service:")) else {
                continue;
            };
            let message = match self.services.get(other) {
                Some(found) if found.node.get("build").is_some() || found.node.is_faulty() => continue,
                Some(_) => format!("the context `{name}` is service `{other}`, which is not built"),
                None => format!("the context `{name}` is undefined service `{other}`"),
            };
            let hint = nearest(other, self.services.keys().copied()).filter(|near| *near != other);
            let hint = hint.map(did_you_mean);
            self.fault(service, entry.node.span, message).hint =
                hint.or_else(|| Some("name a service that has `build:`".to_owned()));
        }
    }

    /// Two mounts at one place: the engine could not say which is meant.
    pub(super) fn mount_targets(&mut self, service: Named<'_>) {
        let mut targets: BTreeMap<&str, Span> = BTreeMap::new();
        let volumes = service.entry.node.items("volumes").filter_map(|mount| mount.get("target"));
        for target in volumes.chain(service.entry.node.items("tmpfs")) {
            let Some(path) = target.as_text().and_then(|text| text.split(':').next()) else { continue };
            if let Some(first) = targets.insert(path, target.span) {
                let message = format!("`{path}` is already mounted at line {}", first.line);
                self.report.doubt(target.span, message).hint = Some("remove one of the mounts".to_owned());
            }
        }
    }
}
