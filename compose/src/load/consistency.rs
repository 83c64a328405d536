//! What only the whole project can show: references to nothing, contradictions, circles.

use super::node::{Node, Span};
use super::report::Report;
use super::shape::did_you_mean;
use crate::diagnostic::nearest;
use crate::graph;
use crate::model::{FileObject, Key, MountKind, NamespaceMode, Project, Service};
use engine_spec::ServiceName;
use std::collections::BTreeMap;

/// Reports everything that does not fit together.
pub(super) fn check(project: &Project, tree: &Node, report: &mut Report) {
    let mut check = Check { project, tree, report };
    for (name, service) in &project.services {
        check.service(name, service);
    }
    check.objects("configs", &project.configs);
    check.objects("secrets", &project.secrets);
    check.container_names();
    check.cycles();
}

struct Check<'a> {
    project: &'a Project,
    tree: &'a Node,
    report: &'a mut Report,
}

impl Check<'_> {
    fn service(&mut self, name: &ServiceName, service: &Service) {
        let at = |key: &str| self.tree.locate(&["services", name.as_str(), key]);
        if service.image.as_deref().unwrap_or("").is_empty() && service.build.is_none() {
            let message = format!("service `{name}` has neither an image nor a build context");
            self.report.error(at(""), message);
        }
        if let Some(build) = &service.build {
            if build.dockerfile_inline.is_some() && build.dockerfile.is_some() {
                self.report.error(at("build"), "`dockerfile` and `dockerfile_inline` exclude each other");
            }
            if build.context.is_empty() && build.dockerfile_inline.is_none() {
                self.report.error(at("build"), "`build` needs a `context`");
            }
        }
        if service.network_mode.is_some() && !service.networks.is_empty() {
            self.report.error(at("network_mode"), "`network_mode` and `networks` exclude each other");
        }
        let replicas = (service.scale, service.deploy.as_ref().and_then(|deploy| deploy.replicas));
        if let (Some(scale), Some(deployed)) = replicas
            && scale != deployed
        {
            let message = format!("`scale: {scale}` and `deploy.replicas: {deployed}` contradict each other");
            self.report.error(at("scale"), message);
        }
        if service.container_name.is_some() && service.replicas() > 1 {
            let message = format!(
                "service `{name}` has a `container_name` and cannot have {} replicas",
                service.replicas()
            );
            self.report.error(at("container_name"), message);
        }
        self.dependencies(name, service);
        self.resources(name, service);
    }

    fn dependencies(&mut self, name: &ServiceName, service: &Service) {
        for (other, dependency) in &service.depends_on {
            if self.project.services.contains_key(other) || !dependency.required {
                continue;
            }
            let span = self.reference(
                name,
                &["depends_on", "links", "volumes_from", "network_mode", "ipc", "pid", "uts"],
                other.as_str(),
            );
            if let Some(disabled) = self.project.disabled.get(other) {
                let hint = format!("activate it with --profile {}", disabled.profiles.join(" or --profile "));
                let message =
                    format!("service `{other}` is required by `{name}`, but its profiles are not active");
                self.report.error(span, message).hint = Some(hint);
            } else {
                let known = self.project.all_services().map(|(name, _)| name.as_str());
                let hint = nearest(other.as_str(), known).map(did_you_mean);
                let message = format!("service `{name}` depends on undefined service `{other}`");
                self.report.error(span, message).hint = hint;
            }
        }
        let modes = [&service.network_mode, &service.ipc, &service.pid, &service.uts];
        for mode in modes.into_iter().flatten() {
            if matches!(mode, NamespaceMode::Service(other) if other == name.as_str()) {
                let span = self.tree.locate(&["services", name.as_str()]);
                self.report.error(span, format!("service `{name}` cannot share its own namespace"));
            }
        }
    }

    fn resources(&mut self, name: &ServiceName, service: &Service) {
        let project = self.project;
        for key in service.networks.keys() {
            self.defined(name, "network", key.as_str(), &project.networks);
        }
        for mount in &service.volumes {
            if let MountKind::Volume { source: Some(source), .. } = &mount.kind {
                self.defined(name, "volume", source, &project.volumes);
            }
        }
        for config in &service.configs {
            self.defined(name, "config", &config.source, &project.configs);
        }
        for secret in &service.secrets {
            self.defined(name, "secret", &secret.source, &project.secrets);
        }
    }

    fn defined<T>(&mut self, service: &ServiceName, kind: &str, key: &str, known: &BTreeMap<Key, T>) {
        if known.contains_key(key) {
            return;
        }
        let hint = nearest(key, known.keys().map(Key::as_str)).map(did_you_mean);
        let hint = hint.unwrap_or_else(|| format!("add `{key}:` to the top-level `{kind}s`"));
        let span = self.reference(service, &[&format!("{kind}s")], key);
        self.report.error(span, format!("service `{service}` uses undefined {kind} `{key}`")).hint =
            Some(hint);
    }

    /// Where one of a service's sections mentions `name`.
    fn reference(&self, service: &ServiceName, sections: &[&str], name: &str) -> Span {
        let service_path = ["services", service.as_str()];
        let found = sections.iter().find_map(|section| {
            let section = self.tree.at(&[service_path[0], service_path[1], section])?;
            section.mention(name)
        });
        found.unwrap_or_else(|| self.tree.locate(&service_path))
    }

    fn objects(&mut self, section: &str, objects: &BTreeMap<Key, FileObject>) {
        for (key, object) in objects {
            let span = self.tree.locate(&[section, key.as_str()]);
            let kind = &section[..section.len() - 1];
            if object.external {
                continue;
            }
            let entries = self.tree.at(&[section, key.as_str()]).and_then(Node::as_map);
            let is_source = |key: &&str| entries.is_some_and(|entries| entries.contains_key(*key));
            match ["file", "environment", "content"].iter().filter(|key| is_source(key)).count() {
                1 => {}
                0 => drop(
                    self.report.error(span, format!("{kind} `{key}` needs a `file` or an `environment`")),
                ),
                _ => drop(self.report.error(span, format!("{kind} `{key}` has more than one source"))),
            }
        }
    }

    fn container_names(&mut self) {
        let mut owners: BTreeMap<&str, &ServiceName> = BTreeMap::new();
        for (name, service) in &self.project.services {
            let Some(container) = &service.container_name else { continue };
            if let Some(owner) = owners.insert(container, name) {
                let span = self.tree.locate(&["services", name.as_str(), "container_name"]);
                let message = format!("container name `{container}` is also that of service `{owner}`");
                self.report.error(span, message);
            }
        }
    }

    fn cycles(&mut self) {
        let Some(cycle) = graph::find_cycle(self.project) else { return };
        let span = self.tree.locate(&["services", cycle[0].as_str(), "depends_on"]);
        let names: Vec<_> = cycle.iter().chain(cycle.first()).map(ServiceName::as_str).collect();
        self.report.error(span, format!("dependency cycle detected: {}", names.join(" -> ")));
    }
}
