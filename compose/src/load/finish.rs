//! What one field of an object means for another, and formats that only the whole object decides.

use super::node::{Entry, Node, Value};
use super::shape::{Shape, did_you_mean};
use super::{path, short};
use crate::diagnostic::nearest;
use std::net::IpAddr;
use std::path::Path;

/// Where Docker's API is served.
const API_SOCKET: &str = "/docker.sock";
const NO_API: &str = "Lighter serves no Docker API yet";

const NETWORK_MODES: [&str; 3] = ["bridge", "host", "none"];
const RESTART_POLICIES: [&str; 4] = ["no", "always", "on-failure", "unless-stopped"];
const PULL_POLICIES: [&str; 8] =
    ["always", "missing", "never", "build", "if_not_present", "daily", "weekly", "refresh"];
const HEALTH_TESTS: [&str; 3] = ["CMD", "CMD-SHELL", "NONE"];

/// `external: {name: …}` is the older form of `external: true` with a name beside it.
pub(super) fn external(node: &mut Node, _: &mut Shape<'_>) {
    let Some(map) = node.as_map_mut() else { return };
    let Some(entry) = map.get_mut("external") else { return };
    let Some(inner) = entry.node.as_map_mut() else { return };
    let name = inner.remove("name");
    entry.node.value = Value::Bool(true);
    if let Some(name) = name {
        map.insert("name".to_owned(), name);
    }
}

/// A `local` volume bound to a host path: the path is one of the file's.
pub(super) fn volume(node: &mut Node, shape: &mut Shape<'_>) {
    external(node, shape);
    let is_bind = node
        .at(&["driver_opts", "o"])
        .and_then(Node::as_text)
        .is_some_and(|options| options.split(',').any(|option| matches!(option, "bind" | "rbind")));
    let options = node.as_map_mut().and_then(|map| map.get_mut("driver_opts"));
    let device = options.and_then(|entry| entry.node.as_map_mut()?.get_mut("device"));
    if let (true, Some(entry)) = (is_bind, device) {
        make_absolute(&mut entry.node, shape);
    }
}

fn make_absolute(node: &mut Node, shape: &Shape<'_>) {
    match &mut node.value {
        // Docker Compose prints an absolute path as it stands.
        Value::Text(path) if !path.starts_with('/') => {
            *path = shape.absolute(path).to_string_lossy().into_owned()
        }
        _ => {}
    }
}

/// A build section: it builds the project's folder unless it says otherwise.
pub(super) fn build(node: &mut Node, shape: &mut Shape<'_>) {
    let span = node.span;
    let Some(map) = node.as_map_mut() else { return };
    if let Some(contexts) = map.get_mut("additional_contexts").and_then(|entry| entry.node.as_map_mut()) {
        for entry in contexts.values_mut().filter(|entry| !entry.node.as_text().is_some_and(path::is_remote))
        {
            make_absolute(&mut entry.node, shape);
        }
    }
    if !map.contains_key("context") {
        let folder = shape.base.to_string_lossy();
        map.insert("context".to_owned(), Entry::new(span, Node::text(folder, span)));
    }
}

/// A mount in long form: its type decides what the source is.
pub(super) fn mount(node: &mut Node, shape: &mut Shape<'_>) {
    let Some(kind) = node.text_at("type").map(str::to_owned) else {
        shape.report.error(node.span, "a volume in long form needs a `type`");
        return;
    };
    if kind == "image" && node.text_at("source").is_none() {
        shape.report.error(node.span, "an image mount needs a `source`, the image");
    }
    if node.text_at("target").is_none() {
        shape.report.error(node.span, "a volume needs a `target`, the path in the container");
    }
    if kind == "bind" && node.text_at("source").is_none() {
        shape.report.error(node.span, "a bind mount needs a `source`, the path on the host");
    }
    if kind == "bind" && node.text_at("source").is_some_and(|source| source.ends_with(API_SOCKET)) {
        shape.report.warning(node.span, NO_API).hint = Some(
            "without a Docker daemon of the host behind it, the container starts without this mount"
                .to_owned(),
        );
    }
    let Some(map) = node.as_map_mut() else { return };
    if let Some(entry) = map.get_mut("source").filter(|_| kind == "bind") {
        make_absolute(&mut entry.node, shape);
    }
    if let Some(Value::Text(target)) = map.get_mut("target").map(|entry| &mut entry.node.value) {
        *target = path::clean(Path::new(target)).to_string_lossy().into_owned();
    }
}

/// A rule of `develop.watch`: what it does says what else it needs.
pub(super) fn watch_rule(node: &mut Node, shape: &mut Shape<'_>) {
    let action = node.text_at("action").map(str::to_owned);
    let has = |key: &str| node.at(&[key]).is_some_and(|value| value.value != Value::Null);
    if !has("path") {
        shape.report.error(node.span, "a watch rule needs a `path`, the file or folder that is watched");
    }
    match action.as_deref() {
        None => {
            let message = "a watch rule needs an `action`: sync, rebuild, restart, sync+restart or sync+exec";
            shape.report.error(node.span, message);
        }
        Some(action) if action.starts_with("sync") && !has("target") => {
            let message =
                format!("a watch rule that does `{action}` needs a `target`, the path in the container");
            shape.report.error(node.span, message);
        }
        Some("sync+exec") if !has("exec") => {
            shape
                .report
                .error(node.span, "a watch rule that does `sync+exec` needs `exec`, the command to run");
        }
        Some(_) => {}
    }
}

/// A port in long form, or one that a short form stands for.
pub(super) fn port(node: &mut Node, shape: &mut Shape<'_>) {
    match node.at(&["target"]).map(|target| &target.value) {
        Some(Value::Integer(1..=65535)) => {}
        Some(_) => drop(shape.report.error(node.span, "the `target` of a port is from 1 to 65535")),
        None => drop(shape.report.error(node.span, "a port needs a `target`, the port in the container")),
    }
    if let Some(published) = node.text_at("published").filter(|text| !text.is_empty())
        && let Err(error) = short::range(published)
    {
        shape.report.error(node.span, format!("`published: {published}` cannot be used: {error}"));
    }
    if let Some(address) = node.text_at("host_ip").filter(|text| text.parse::<IpAddr>().is_err()) {
        shape.report.error(node.span, format!("`{address}` is not an IP address"));
    }
}

/// A health check: the first word of its test says how to run the others.
pub(super) fn healthcheck(node: &mut Node, shape: &mut Shape<'_>) {
    let Some(first) = node.items("test").next() else { return };
    let Some(word) = first.as_text().filter(|word| !HEALTH_TESTS.contains(word)) else { return };
    let message = format!("a health check's test starts with CMD, CMD-SHELL or NONE, not `{word}`");
    shape.report.error(first.span, message);
}

/// The words of a service that are more than an enumeration.
pub(super) fn service(node: &mut Node, shape: &mut Shape<'_>) {
    if let Some(map) = node.as_map_mut() {
        // An empty `pid:` or `deploy:` says nothing.
        map.retain(|key, entry| {
            !matches!(key.as_str(), "pid" | "deploy" | "develop") || entry.node.value != Value::Null
        });
    }
    if let Some(used) = node.at(&["use_api_socket"]).filter(|used| used.value == Value::Bool(true)) {
        shape.report.warning(used.span, NO_API).hint =
            Some("the container starts without the socket and without credentials".to_owned());
    }
    word(node, "restart", &RESTART_POLICIES, shape, |text| {
        text.strip_prefix("on-failure:").is_some_and(|count| count.parse::<u32>().is_ok())
    });
    word(node, "network_mode", &NETWORK_MODES, shape, is_of_another);
    word(node, "pid", &["host", "private"], shape, is_of_another);
    word(node, "ipc", &["host", "private", "shareable", "none"], shape, is_of_another);
    word(node, "uts", &["host", "private"], shape, |_| false);
    word(node, "pull_policy", &PULL_POLICIES, shape, |text| text.starts_with("every_"));
    if let Some(policy) = node.at(&["pull_policy"]) {
        let text = policy.as_text().unwrap_or("");
        if matches!(text, "daily" | "weekly" | "refresh") || text.starts_with("every_") {
            shape
                .report
                .warning(policy.span, format!("`pull_policy: {text}` is treated as `missing` so far"));
        }
    }
}

fn is_of_another(text: &str) -> bool {
    text.strip_prefix("service:")
        .or_else(|| text.strip_prefix("container:"))
        .is_some_and(|name| !name.is_empty())
}

/// Reports the text at `key` unless it is one of `words` or passes `is_other`.
fn word(node: &Node, key: &str, words: &[&str], shape: &mut Shape<'_>, is_other: fn(&str) -> bool) {
    let Some(Entry { node: found, .. }) = node.as_map().and_then(|map| map.get(key)) else { return };
    let Some(text) = found.as_text() else { return };
    if text.is_empty() || words.contains(&text) || is_other(text) {
        return;
    }
    let hint = nearest(text, words.iter().copied()).map(did_you_mean);
    let message = format!("`{text}` is not valid for `{key}`: use {}", words.join(", "));
    shape.report.error(found.span, message).hint = hint;
}
