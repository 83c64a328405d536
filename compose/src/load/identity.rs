//! What makes two list items of different files the same thing, so that the later one takes its place.

use super::node::{Node, Value};

fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.text_at(key).unwrap_or("")
}

/// A mount or device by its place in the container.
pub(super) fn target(node: &Node) -> String {
    text(node, "target").to_owned()
}

/// A device by its place in the container, which is that on the host unless given.
pub(super) fn device(node: &Node) -> String {
    node.text_at("target").unwrap_or_else(|| text(node, "source")).to_owned()
}

/// A config by its place in the container.
pub(super) fn config(node: &Node) -> String {
    node.text_at("target").map_or_else(|| format!("/{}", text(node, "source")), str::to_owned)
}

/// A secret by its place in the container.
pub(super) fn secret(node: &Node) -> String {
    node.text_at("target").map_or_else(|| format!("/run/secrets/{}", text(node, "source")), str::to_owned)
}

/// A port by everything that distinguishes it on the host and in the container.
pub(super) fn port(node: &Node) -> String {
    let number = |key: &str| node.at(&[key]).and_then(|node| node.value.scalar_text()).unwrap_or_default();
    let protocol = node.text_at("protocol").unwrap_or("tcp");
    // No address is every address.
    let address = node.text_at("host_ip").unwrap_or("0.0.0.0");
    format!("{address}:{}:{}/{protocol}", number("published"), number("target"))
}

/// An env file by its path.
pub(super) fn path(node: &Node) -> String {
    text(node, "path").to_owned()
}

/// An address pool by its subnet.
pub(super) fn subnet(node: &Node) -> String {
    text(node, "subnet").to_owned()
}

/// A text by what stands before its `=`.
pub(super) fn key(node: &Node) -> String {
    let text = value(node);
    text.split_once('=').map_or(text.as_str(), |(key, _)| key).to_owned()
}

/// A scalar by its text.
pub(super) fn value(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.clone(),
        other => other.to_json().to_string(),
    }
}
