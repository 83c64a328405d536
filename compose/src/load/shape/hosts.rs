//! Lines for `/etc/hosts`: `host=address` and `host:address` in a list, or a mapping.

use super::{Node, Shape, Value};
use std::net::IpAddr;

/// The word for the host's own address.
const HOST_GATEWAY: &str = "host-gateway";

impl Shape<'_> {
    pub(super) fn hosts(&mut self, node: &mut Node, name: &str) -> bool {
        let hosts = match &node.value {
            Value::List(items) => items.iter().flat_map(|item| self.host_line(item, name)).collect(),
            Value::Map(map) => {
                let mut hosts = Vec::new();
                for (host, entry) in map {
                    let one = std::slice::from_ref(&entry.node);
                    for address in entry.node.as_list().unwrap_or(one) {
                        match address.as_text() {
                            Some(text) => hosts.extend(self.host(host, text, address)),
                            None => drop(self.mismatch(address, name, "a mapping to addresses")),
                        }
                    }
                }
                hosts
            }
            _ => return self.mismatch(node, name, "a list or a mapping"),
        };
        node.value = Value::List(hosts);
        true
    }

    /// One line, which may name several addresses after commas.
    fn host_line(&mut self, item: &Node, name: &str) -> Vec<Node> {
        if self.is_template(item) {
            return vec![item.clone()];
        }
        let pair = item.as_text().and_then(|text| text.split_once('=').or_else(|| text.split_once(':')));
        let Some((host, addresses)) = pair.filter(|(host, _)| !host.is_empty()) else {
            self.mismatch(item, name, "a list of HOST=ADDRESS");
            return Vec::new();
        };
        addresses.split(',').filter_map(|address| self.host(host, address, item)).collect()
    }

    fn host(&mut self, host: &str, address: &str, node: &Node) -> Option<Node> {
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
        if host.contains([':', '=']) {
            self.fault(node, format!("`{host}` is not a host name"));
            return None;
        }
        if bare != HOST_GATEWAY && bare.parse::<IpAddr>().is_err() {
            let hint = format!("write HOST=ADDRESS, such as `{host}=10.0.0.2` or `{host}={HOST_GATEWAY}`");
            let shown = if node.origin.is_some() { "the value" } else { bare };
            self.doubt(node, format!("`extra_hosts`: `{shown}` is not an IP address")).hint = Some(hint);
        }
        Some(Node::text(format!("{host}={bare}"), node.span).with_origin_of(node))
    }
}
