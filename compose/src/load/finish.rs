//! What one field of an object means for another, and formats that only the whole object decides.

use super::node::{Entry, Node, Value};
use super::shape::{Shape, did_you_mean};
use super::{path, short};
use crate::diagnostic::nearest;
use crate::model::Interval;
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
pub(super) fn external(node: &mut Node, shape: &mut Shape<'_>) {
    let Some(map) = node.as_map_mut() else { return };
    let Some(entry) = map.get_mut("external") else { return };
    let span = entry.key_span;
    let Some(inner) = entry.node.as_map_mut() else { return };
    let inner_name = inner.remove("name");
    entry.node.value = Value::Bool(true);
    let Some(inner_name) = inner_name else { return };
    let hint = "write `external: true` and `name:` beside it".to_owned();
    match map.get("name") {
        Some(name) if name.node.value != inner_name.node.value => {
            let message = "`name` and `external.name` contradict each other";
            shape.report.error(inner_name.node.span, message).hint = Some(hint);
        }
        Some(_) => {}
        None => {
            shape.report.warning(span, "`external.name` is the older form").hint = Some(hint);
            map.insert("name".to_owned(), inner_name);
        }
    }
}

/// A `local` volume bound to a host path: the path is one of the file's.
pub(super) fn volume(node: &mut Node, shape: &mut Shape<'_>) {
    external(node, shape);
    let is_local = node.text_at("driver") == Some("local");
    let is_bind = node
        .at(&["driver_opts", "o"])
        .and_then(Node::as_text)
        .is_some_and(|options| options.split(',').any(|option| matches!(option, "bind" | "rbind")));
    let device = node.get_mut("driver_opts").and_then(|options| options.get_mut("device"));
    if let (true, true, Some(device)) = (is_local, is_bind, device) {
        make_absolute(device, shape);
    }
}

fn make_absolute(node: &mut Node, shape: &Shape<'_>) {
    if let Value::Text(text) = &node.value
        && !shape.is_template(node)
    {
        node.value = Value::Text(shape.absolute(text).to_string_lossy().into_owned());
    }
}

/// A build section: it builds the project's folder unless it says otherwise.
pub(super) fn build(node: &mut Node, shape: &mut Shape<'_>) {
    for section in ["additional_contexts", "ssh"] {
        for (_, entry) in node.entries_mut(section) {
            if !entry.node.as_text().is_some_and(path::is_remote) {
                make_absolute(&mut entry.node, shape);
            }
        }
    }
    keep_explicit_keys(node, shape);
}

/// `ssh: [default]` stands for the agent; any other key needs a path.
fn keep_explicit_keys(node: &Node, shape: &mut Shape<'_>) {
    for (key, entry) in node.entries("ssh").filter(|(key, _)| key.as_str() != "default") {
        if entry.node.value == Value::Null {
            let hint = format!("write `{key}=PATH`, or `default` for the agent");
            shape.report.error(entry.key_span, format!("the ssh key `{key}` needs a path")).hint = Some(hint);
        }
    }
}

/// A mount in long form: its type decides what the source is.
pub(super) fn mount(node: &mut Node, shape: &mut Shape<'_>) {
    let Some(kind) = node.get("type") else {
        let hint = "write `type: bind`, `type: volume` or `type: tmpfs`".to_owned();
        shape.report.error(node.span, "a volume in long form needs a `type`").hint = Some(hint);
        return;
    };
    let kind = kind.as_text().unwrap_or_default().to_owned();
    if matches!(kind.as_str(), "npipe" | "cluster") {
        shape.report.warning(node.span, format!("volumes of type `{kind}` are not applied yet")).hint =
            Some("use a `bind` or a `volume`".to_owned());
    }
    if node.get("target").is_none() {
        let hint = "add `target:`, the path in the container".to_owned();
        shape.report.error(node.span, "a volume needs a `target`").hint = Some(hint);
    }
    if kind == "image" && node.get("source").is_none() {
        shape.doubt(node, "an image mount needs a `source`").hint =
            Some("add `source:`, the image".to_owned());
    }
    if kind == "bind" && node.get("source").is_none() {
        let hint = "add `source:`, the path on the host".to_owned();
        shape.report.error(node.span, "a bind mount needs a `source`").hint = Some(hint);
    }
    if kind == "bind" && node.text_at("source").is_some_and(|source| source.ends_with(API_SOCKET)) {
        let hint = "without a Docker daemon of the host behind it, the container starts without this mount";
        shape.report.warning(node.span, NO_API).hint = Some(hint.to_owned());
    }
    if let Some(source) = node.get_mut("source").filter(|_| kind == "bind") {
        make_absolute(source, shape);
    }
    if let Some(Value::Text(target)) = node.get_mut("target").map(|target| &mut target.value) {
        *target = path::clean(Path::new(target)).to_string_lossy().into_owned();
    }
}

/// A port in long form, or one that a short form stands for.
pub(super) fn port(node: &mut Node, shape: &mut Shape<'_>) {
    match node.get("target") {
        Some(target) => {
            if let Value::Integer(number) = target.value
                && !(1..=65535).contains(&number)
            {
                shape
                    .doubt(target, format!("the `target` of a port is from 1 to 65535, not {number}"))
                    .hint = Some("write the port in the container".to_owned());
            }
        }
        None => {
            let hint = "add `target:`, the port in the container".to_owned();
            shape.report.error(node.span, "a port needs a `target`").hint = Some(hint);
        }
    }
    if let Some(published) = node.get("published")
        && let Some(text) = published.as_text().filter(|text| !text.is_empty())
        && !shape.is_template(published)
        && let Err(error) = short::range(text)
    {
        let shown = published.shown().unwrap_or_default();
        shape.doubt(published, format!("`published: {shown}` cannot be used: {error}")).hint =
            Some("write a port such as `8080`, or a range such as `8080-8090`".to_owned());
    }
    if let Some(address) = node.get("host_ip")
        && address.as_text().is_some_and(|text| text.parse::<IpAddr>().is_err())
        && !shape.is_template(address)
    {
        let shown = address.shown().unwrap_or_default();
        shape.doubt(address, format!("`{shown}` is not an IP address")).hint =
            Some("write an address of this host, such as `127.0.0.1`".to_owned());
    }
    one_of_words(node, "mode", &["ingress", "host"], shape);
    one_of_words(node, "protocol", &["tcp", "udp", "sctp"], shape);
}

/// A health check: the first word of its test says how to run the others.
pub(super) fn healthcheck(node: &mut Node, shape: &mut Shape<'_>) {
    let Some(first) = node.items("test").next() else { return };
    if let Some(word) = first.as_text().filter(|word| !HEALTH_TESTS.contains(word)) {
        let message = format!("a health check's test starts with CMD, CMD-SHELL or NONE, not `{word}`");
        let near = nearest(word, HEALTH_TESTS).map(did_you_mean);
        shape.report.error(first.span, message).hint =
            near.or_else(|| Some("put `CMD` before it, or write the test as one string".to_owned()));
    }
}

/// A rule of `develop.watch`: what it does says what else it needs.
pub(super) fn watch_rule(node: &mut Node, shape: &mut Shape<'_>) {
    for key in ["path", "action"] {
        if node.get(key).is_none() {
            let hint = format!("add `{key}:`");
            shape.report.error(node.span, format!("a watch rule needs a `{key}`")).hint = Some(hint);
        }
    }
    let needs_target = node.text_at("action").is_some_and(|action| action.starts_with("sync"));
    if needs_target && node.get("target").is_none() {
        let hint = "add `target:`, the path in the container".to_owned();
        shape.report.error(node.span, "a watch rule that syncs needs a `target`").hint = Some(hint);
    }
    if node.text_at("action") == Some("sync+exec") && node.get("exec").is_none() {
        let hint = "add `exec: {command: …}`".to_owned();
        shape.doubt(node, "a watch rule that does `sync+exec` needs an `exec`").hint = Some(hint);
    }
}

/// A request for devices: how many, or which.
pub(super) fn device_request(node: &mut Node, shape: &mut Shape<'_>) {
    if let (Some(_), Some(ids)) = (node.get("count"), node.get("device_ids")) {
        shape.report.error(ids.span, "`count` and `device_ids` exclude each other").hint =
            Some("remove one of them".to_owned());
        return;
    }
    let Some(count) = node.get_mut("count") else { return };
    let number = match count.as_text() {
        Some(text) if text.eq_ignore_ascii_case("all") => Some(-1),
        Some(text) => text.parse().ok(),
        None => return,
    };
    match number {
        Some(number) => count.value = Value::Integer(number),
        None if shape.is_template(count) => {}
        None => {
            let shown = count.shown().unwrap_or_default();
            shape.fault(count, format!("`count` must be a number or `all`, but is `{shown}`")).hint =
                Some("write `count: all`".to_owned());
        }
    }
}

/// The words of a service that are more than an enumeration.
pub(super) fn service(node: &mut Node, shape: &mut Shape<'_>) {
    if let Some(map) = node.as_map_mut() {
        // An empty `pid:` or `deploy:` says nothing.
        map.retain(|key, entry| {
            !matches!(key.as_str(), "pid" | "deploy" | "develop") || entry.node.value != Value::Null
        });
    }
    if let Some(used) = node.get("use_api_socket").filter(|used| used.value == Value::Bool(true)) {
        let hint = "the container starts without the socket and without credentials";
        shape.report.warning(used.span, NO_API).hint = Some(hint.to_owned());
    }
    word(node, "restart", &RESTART_POLICIES, shape, |text| {
        text.strip_prefix("on-failure:").is_some_and(|count| count.parse::<u32>().is_ok())
    });
    word(node, "network_mode", &NETWORK_MODES, shape, |text| is_of_another(text) || text == "default");
    word(node, "pid", &["host", "private"], shape, is_of_another);
    word(node, "ipc", &["host", "private", "shareable", "none"], shape, is_of_another);
    word(node, "uts", &["host", "private"], shape, |_| false);
    word(node, "pull_policy", &PULL_POLICIES, shape, |text| text.parse::<Interval>().is_ok());
    if let Some(Value::Text(policy)) = node.get_mut("pull_policy").map(|policy| &mut policy.value)
        && policy == "if_not_present"
    {
        "missing".clone_into(policy);
    }
}

fn is_of_another(text: &str) -> bool {
    text.strip_prefix("service:")
        .or_else(|| text.strip_prefix("container:"))
        .is_some_and(|name| !name.is_empty())
}

fn one_of_words(node: &Node, key: &str, words: &[&str], shape: &mut Shape<'_>) {
    word(node, key, words, shape, |_| false);
}

/// Doubts the text at `key` unless it is one of `words` or passes `is_other`.
fn word(node: &Node, key: &str, words: &[&str], shape: &mut Shape<'_>, is_other: fn(&str) -> bool) {
    let Some(Entry { node: found, .. }) = node.as_map().and_then(|map| map.get(key)) else { return };
    let Some(text) = found.as_text() else { return };
    if text.is_empty() || words.contains(&text) || is_other(text) || shape.is_template(found) {
        return;
    }
    let hint = nearest(text, words.iter().copied()).map(did_you_mean);
    let message =
        format!("`{}` is not valid for `{key}`: use {}", found.shown().unwrap_or_default(), words.join(", "));
    shape.doubt(found, message).hint = hint.or_else(|| Some("write one of these words".to_owned()));
}
