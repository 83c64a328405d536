//! Fills in what a file leaves unsaid: names, the default network, dependencies that other attributes imply.

use crate::model::{Dependency, FileObject, Key, NamespaceMode, Network, Project, Service, Volume};
use engine_spec::ServiceName;
use std::collections::BTreeMap;

/// The network of services that name none.
const DEFAULT_NETWORK: &str = "default";

/// Completes a decoded project.
pub(super) fn normalize(project: &mut Project) {
    let mut uses_default = false;
    for service in project.services.values_mut().chain(project.disabled.values_mut()) {
        complete(service);
        uses_default |= service.networks.contains_key(DEFAULT_NETWORK);
    }
    if uses_default {
        project.networks.entry(Key::new(DEFAULT_NETWORK)).or_default();
    }
    name_resources(project);
}

fn complete(service: &mut Service) {
    if service.networks.is_empty() && service.network_mode.is_none() {
        service.networks.insert(Key::new(DEFAULT_NETWORK), None);
    }
    if let Some(build) = &mut service.build
        && build.dockerfile.is_none()
        && build.dockerfile_inline.is_none()
    {
        build.dockerfile = Some("Dockerfile".to_owned());
    }
    for secret in &mut service.secrets {
        let target = secret.target.as_deref().unwrap_or(&secret.source);
        if !target.starts_with('/') {
            secret.target = Some(format!("/run/secrets/{target}"));
        }
    }
    for name in implied_dependencies(service) {
        let implied = Dependency { restart: true, ..Dependency::default() };
        service.depends_on.entry(name).or_insert(implied);
    }
    for name in volume_sources(service) {
        service.depends_on.entry(name).or_default();
    }
}

/// Services that links and shared namespaces refer to.
fn implied_dependencies(service: &Service) -> Vec<ServiceName> {
    let linked =
        service.links.iter().map(|link| link.split_once(':').map_or(link.as_str(), |(name, _)| name));
    let modes = [&service.network_mode, &service.ipc, &service.pid, &service.uts];
    let shared = modes.into_iter().flatten().filter_map(|mode| match mode {
        NamespaceMode::Service(name) => Some(name.as_str()),
        NamespaceMode::Container(_) | NamespaceMode::Word(_) => None,
    });
    // A name that breaks the rule cannot be a service; the references are checked later.
    linked.chain(shared).filter_map(|name| ServiceName::new(name).ok()).collect()
}

/// Services whose volumes it shares.
fn volume_sources(service: &Service) -> Vec<ServiceName> {
    let sources = service.volumes_from.iter().filter_map(|from| from.split(':').next());
    sources.filter(|name| *name != "container").filter_map(|name| ServiceName::new(name).ok()).collect()
}

/// Something with a key in the file and a real name on the host.
trait Named {
    fn name(&mut self) -> (&mut String, bool);
}

macro_rules! named {
    ($($kind:ty),*) => {$(
        impl Named for $kind {
            fn name(&mut self) -> (&mut String, bool) {
                (&mut self.name, self.external)
            }
        }
    )*};
}
named!(Network, Volume, FileObject);

fn name_resources(project: &mut Project) {
    let prefix = project.name.as_str().to_owned();
    name_all(&mut project.networks, &prefix);
    name_all(&mut project.volumes, &prefix);
    name_all(&mut project.configs, &prefix);
    name_all(&mut project.secrets, &prefix);
}

fn name_all<T: Named>(resources: &mut BTreeMap<Key, T>, prefix: &str) {
    for (key, resource) in resources {
        let (name, is_external) = resource.name();
        if name.is_empty() {
            *name = if is_external { key.to_string() } else { format!("{prefix}_{key}") };
        }
    }
}
