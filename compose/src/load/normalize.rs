//! Fills in what a file leaves unsaid: names, the default network, dependencies that other attributes imply.

use super::node::{Entry, Mapping, Node, Span, Value};
use super::origin::Step;
use super::path;
use super::report::Report;
use std::path::Path;

/// The network of services that name none.
const DEFAULT_NETWORK: &str = "default";
/// The sections whose elements have a real name on the host.
const NAMED: [&str; 4] = ["networks", "volumes", "configs", "secrets"];
/// The attributes that may name another service whose namespace is shared.
const NAMESPACES: [&str; 5] = ["network_mode", "ipc", "pid", "uts", "cgroup"];

/// Fills in the defaults of single attributes. `folder` is where a build without a context builds.
pub(super) fn defaults(tree: &mut Node, folder: Option<&Path>) {
    for (_, service) in tree.entries_mut("services") {
        let service = &mut service.node;
        for (_, dependency) in service.entries_mut("depends_on") {
            set(
                &mut dependency.node,
                "condition",
                text("service_started"),
                "a dependency waits for the start",
            );
            set(&mut dependency.node, "required", Value::Bool(true), "a dependency is required");
        }
        for secret in service.items_mut("secrets") {
            let target = secret.text_at("source").map(|source| format!("/run/secrets/{source}"));
            if let Some(target) = target {
                set(secret, "target", Value::Text(target), "secrets lie in /run/secrets");
            }
        }
        for port in service.items_mut("ports") {
            set(port, "protocol", text("tcp"), "ports are TCP");
            set(port, "mode", text("ingress"), "ports are published by the host");
        }
        for file in service.items_mut("env_file") {
            set(file, "required", Value::Bool(true), "an env file must be there");
        }
        for request in service.items_mut("gpus") {
            count_all(request);
        }
        let reservations = service.get_mut("deploy").and_then(|deploy| deploy.get_mut("resources"));
        if let Some(reservations) = reservations.and_then(|resources| resources.get_mut("reservations")) {
            reservations.items_mut("devices").for_each(count_all);
        }
        if let Some(build) = service.get_mut("build") {
            let here = folder.map_or_else(|| ".".to_owned(), |folder| folder.to_string_lossy().into_owned());
            set(build, "context", Value::Text(here), "a build without a context builds the project's folder");
        }
    }
}

fn count_all(request: &mut Node) {
    if request.get("device_ids").is_none() {
        set(request, "count", Value::Integer(-1), "a device request is for all devices");
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Gives a mapping a value for a key that it does not have.
fn set(node: &mut Node, key: &str, value: Value, reason: &'static str) {
    let span = node.span;
    if let Some(map) = node.as_map_mut()
        && !map.contains_key(key)
    {
        map.insert(key.to_owned(), implied(value, span, reason));
    }
}

fn implied(value: Value, span: Span, reason: &'static str) -> Entry {
    let mut node = Node::new(value, span);
    node.trace(Step::Implied(reason));
    Entry::new(span, node)
}

/// What docker compose wrote in another way before the specification had it.
pub(super) fn old_spellings(tree: &mut Node, report: &mut Report) {
    let services = tree.entries_mut("services").filter_map(|(_, service)| service.node.get_mut("develop"));
    for rule in services.flat_map(|develop| develop.items_mut("watch")) {
        let Some(rule) = rule.as_map_mut() else { continue };
        let Some(old) = rule.get("x-initialSync") else { continue };
        report.warning(old.key_span, "`x-initialSync` is the old name of `initial_sync`").hint =
            Some("write `initial_sync`".to_owned());
        let old = old.clone();
        rule.entry("initial_sync".to_owned()).or_insert(old);
    }
}

/// Completes a project of the given name.
pub(super) fn normalize(tree: &mut Node, name: &str) {
    let mut uses_default = false;
    for (name, service) in tree.entries_mut("services") {
        complete(&mut service.node, name);
        uses_default |= service.node.at(&["networks", DEFAULT_NETWORK]).is_some();
    }
    if uses_default {
        set(tree, "networks", Value::Map(Mapping::new()), "services without networks share one");
        if let Some(networks) = tree.get_mut("networks") {
            let reason = "services without networks share one";
            set(networks, DEFAULT_NETWORK, Value::Map(Mapping::new()), reason);
        }
    }
    for section in NAMED {
        for (key, entry) in tree.entries_mut(section) {
            name_element(&mut entry.node, key, name);
        }
    }
}

/// Gives the project its name, and elements of which nothing is said a mapping.
pub(super) fn identify(tree: &mut Node, name: &str) {
    let span = tree.span;
    if let Some(map) = tree.as_map_mut() {
        map.insert("name".to_owned(), Entry::new(span, Node::text(name, span)));
    }
    for section in NAMED {
        for (_, entry) in tree.entries_mut(section).filter(|(_, entry)| entry.node.value == Value::Null) {
            entry.node.value = Value::Map(Mapping::new());
        }
    }
}

fn name_element(node: &mut Node, key: &str, project: &str) {
    let is_external = node.get("external").is_some_and(|external| external.value == Value::Bool(true));
    if is_external {
        set(node, "name", Value::Text(key.to_owned()), "an external element is called as its key");
    } else {
        set(node, "name", Value::Text(format!("{project}_{key}")), "the project's name and the key");
    }
}

fn complete(service: &mut Node, own_name: &str) {
    if service.as_map().is_none() {
        return;
    }
    let has_networks = service.get("networks").is_some_and(|networks| {
        networks.is_faulty() || networks.as_map().is_some_and(|networks| !networks.is_empty())
    });
    if !has_networks && service.get("network_mode").is_none() {
        let reason = "services without networks share one";
        let mut networks = Mapping::new();
        networks.insert(DEFAULT_NETWORK.to_owned(), implied(Value::Null, service.span, reason));
        let entry = implied(Value::Map(networks), service.span, reason);
        service.as_map_mut().map(|map| map.insert("networks".to_owned(), entry));
    }
    if let Some(build) = service.get_mut("build").filter(|build| build.get("dockerfile_inline").is_none()) {
        set(build, "dockerfile", text("Dockerfile"), "the usual name");
    }
    let implied_ones = implied_dependencies(service).into_iter().filter(|(name, ..)| name != own_name);
    for (name, restart, span) in implied_ones.collect::<Vec<_>>() {
        set(service, "depends_on", Value::Map(Mapping::new()), "other attributes name services");
        let dependency = Node::map_of(
            [
                ("condition", text("service_started")),
                ("required", Value::Bool(true)),
                ("restart", Value::Bool(restart)),
            ],
            span,
        );
        let mut entry = Entry::new(span, dependency);
        entry.node.trace(Step::Implied("another attribute names this service"));
        if let Some(depends_on) = service.get_mut("depends_on").and_then(Node::as_map_mut) {
            depends_on.entry(name).or_insert(entry);
        }
    }
}

/// Services that links, shared namespaces and `volumes_from` refer to: whether this one restarts with
/// them, and where they are named.
fn implied_dependencies(service: &Node) -> Vec<(String, bool, Span)> {
    let mut names = Vec::new();
    for link in service.items("links") {
        let name = link.as_text().and_then(|text| text.split(':').next());
        names.extend(name.map(|name| (name.to_owned(), true, link.span)));
    }
    for namespace in NAMESPACES {
        let Some(node) = service.get(namespace) else { continue };
        let name = node.as_text().and_then(|text| text.strip_prefix("service:"));
        names.extend(name.map(|name| (name.to_owned(), true, node.span)));
    }
    for donor in service.items("volumes_from") {
        let text = donor.as_text().filter(|text| !text.starts_with("container:"));
        let name = text.and_then(|text| text.split(':').next());
        names.extend(name.map(|name| (name.to_owned(), false, donor.span)));
    }
    names
}

/// Follows the symbolic links of watched folders, as Docker Compose prints them.
pub(super) fn resolve_links(tree: &mut Node, files: &dyn super::Files) {
    for (_, service) in tree.entries_mut("services") {
        let Some(develop) = service.node.get_mut("develop") else { continue };
        for trigger in develop.items_mut("watch") {
            if let Some(Value::Text(text)) = trigger.get_mut("path").map(|path| &mut path.value) {
                let real = files.real_path(Path::new(text.as_str()));
                *text = path::clean(&real).to_string_lossy().into_owned();
            }
        }
    }
}
