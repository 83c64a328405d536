//! Short syntaxes, each turned into the long forms it stands for.

use super::node::{Node, Value};
use super::shape::Shape;
use crate::model::GoDuration;
use std::net::IpAddr;

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn list(node: &Node, value: &str) -> Value {
    Value::List(vec![Node::text(value, node.span)])
}

/// `build: folder`
pub(super) fn build(node: &Node, context: &str, _: &mut Shape<'_>) -> Vec<Node> {
    vec![Node::map_of([("context", text(context))], node.span)]
}

/// `extends: service`
pub(super) fn extends(node: &Node, service: &str, _: &mut Shape<'_>) -> Vec<Node> {
    vec![Node::map_of([("service", text(service))], node.span)]
}

/// `include: [file]`
pub(super) fn include(node: &Node, path: &str, _: &mut Shape<'_>) -> Vec<Node> {
    vec![Node::map_of([("path", list(node, path))], node.span)]
}

/// `env_file: file`
pub(super) fn env_file(node: &Node, path: &str, _: &mut Shape<'_>) -> Vec<Node> {
    vec![Node::map_of([("path", text(path))], node.span)]
}

/// `configs: [name]`, `secrets: [name]`
pub(super) fn attachment(node: &Node, source: &str, _: &mut Shape<'_>) -> Vec<Node> {
    vec![Node::map_of([("source", text(source))], node.span)]
}

/// `gpus: all`
pub(super) fn gpus(node: &Node, gpus: &str, shape: &mut Shape<'_>) -> Vec<Node> {
    if gpus != "all" {
        let hint = Some("write `gpus: all`, or a list of device requests".to_owned());
        shape.fault(node, format!("`{gpus}` is not valid for `gpus`")).hint = hint;
        return Vec::new();
    }
    vec![Node::new(Value::List(vec![Node::map_of([("count", text("all"))], node.span)]), node.span)]
}

/// `cpu_rt_period: 400ms`
pub(super) fn microseconds(node: &Node, time: &str, _: &mut Shape<'_>) -> Vec<Node> {
    let duration: Option<GoDuration> = time.parse().ok().filter(|_| time != "0");
    let micros = duration.and_then(|duration| i64::try_from(duration.0.as_micros()).ok());
    vec![micros.map_or_else(|| node.clone(), |micros| Node::new(Value::Integer(micros), node.span))]
}

/// `host[:container[:rwm]]`, or the name of a CDI device, which has no parts.
pub(super) fn device(node: &Node, device: &str, shape: &mut Shape<'_>) -> Vec<Node> {
    let parts: Vec<&str> = device.split(':').collect();
    let (source, target, permissions) = match parts[..] {
        [source] => (source, source, "rwm"),
        [source, target] => (source, target, "rwm"),
        [source, target, permissions] => (source, target, permissions),
        _ => {
            let hint = Some("write HOST[:CONTAINER[:rwm]], or the long form".to_owned());
            shape.fault(node, "a device has three parts at most").hint = hint;
            return Vec::new();
        }
    };
    let target = if target.is_empty() { source } else { target };
    let fields = [("source", text(source)), ("target", text(target)), ("permissions", text(permissions))];
    vec![Node::map_of(fields, node.span)]
}

/// `[source:]target[:options]`
pub(super) fn mount(node: &Node, mount: &str, shape: &mut Shape<'_>) -> Vec<Node> {
    let parts: Vec<&str> = mount.split(':').collect();
    let (source, target, options) = match parts[..] {
        [target] => (None, target, ""),
        [source, target] => (Some(source), target, ""),
        [source, target, options] => (Some(source), target, options),
        _ => (None, "", ""),
    };
    if target.is_empty() || source == Some("") || (parts.len() == 3 && options.is_empty()) {
        let shown = node.shown().unwrap_or_default();
        let hint = "write [SOURCE:]TARGET[:OPTIONS], such as `data:/var/lib/data:ro`".to_owned();
        shape.fault(node, format!("`{shown}` is not a volume")).hint = Some(hint);
        return Vec::new();
    }
    vec![mount_node(source, target, options, node)]
}

fn mount_node(source: Option<&str>, target: &str, options: &str, node: &Node) -> Node {
    let is_bind = source.is_some_and(|source| source.starts_with(['.', '/', '~']));
    let mut fields = vec![("target", text(target))];
    fields.extend(source.map(|source| ("source", text(source))));
    let (mut bind, mut volume) = (Vec::new(), Vec::new());
    if is_bind {
        bind.push(("create_host_path", Value::Bool(true)));
    }
    for option in options.split(',') {
        match option {
            "ro" => fields.push(("read_only", Value::Bool(true))),
            "rw" => fields.retain(|(key, _)| *key != "read_only"),
            "nocopy" => volume.push(("nocopy", Value::Bool(true))),
            "z" | "Z" => bind.push(("selinux", text(option))),
            "shared" | "slave" | "private" | "rshared" | "rslave" | "rprivate" => {
                bind.push(("propagation", text(option)));
            }
            // Docker Compose ignores options it does not know.
            _ => {}
        }
    }
    // What an option is for is printed whatever kind of mount it stands at.
    if is_bind || !bind.is_empty() {
        fields.push(("bind", Node::map_of(bind, node.span).value));
    }
    if !is_bind || !volume.is_empty() {
        fields.push(("volume", Node::map_of(volume, node.span).value));
    }
    fields.push(("type", text(if is_bind { "bind" } else { "volume" })));
    Node::map_of(fields, node.span)
}

/// `[[ip:]host[-range]:]container[-range][/protocol]`
pub(super) fn ports(node: &Node, port: &str, shape: &mut Shape<'_>) -> Vec<Node> {
    match parse_ports(port) {
        Ok(ports) => ports.into_iter().map(|fields| Node::map_of(fields, node.span)).collect(),
        Err(reason) => {
            let hint =
                "write [[IP:]HOST:]CONTAINER[/PROTOCOL], such as \"8080:80\" or \"127.0.0.1:53:53/udp\"";
            let shown = node.shown().unwrap_or_default();
            shape.fault(node, format!("`{shown}` is not a port: {reason}")).hint = Some(hint.to_owned());
            Vec::new()
        }
    }
}

/// Why a text is not a port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PortError {
    #[error("ports are numbers up to 65535")]
    Number,
    #[error("the protocol is tcp, udp or sctp")]
    Protocol,
    #[error("the host's part must be an IP address")]
    Host,
    #[error("a range ends before it begins")]
    Backwards,
    #[error("host and container ranges have different lengths")]
    Lengths,
    #[error("a square bracket is missing")]
    Address,
}

type Fields = Vec<(&'static str, Value)>;

fn parse_ports(port: &str) -> Result<Vec<Fields>, PortError> {
    let (ports, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let protocol = if protocol.is_empty() { "tcp".to_owned() } else { protocol.to_ascii_lowercase() };
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(PortError::Protocol);
    }
    let (host, container) = match ports.rsplit_once(':') {
        Some((host, container)) => (Some(host), container),
        None => (None, ports),
    };
    let (address, published) = host.map_or(Ok((None, "")), split_host)?;
    let targets = range(container)?;
    let published = if published.is_empty() { None } else { Some(range(published)?) };
    let mut expanded: Vec<(String, Fields)> = Vec::new();
    for (offset, target) in (targets.0..=targets.1).enumerate() {
        let mut fields = vec![
            ("mode", text("ingress")),
            ("target", Value::Integer(i64::from(target))),
            ("protocol", text(&protocol)),
        ];
        fields.extend(address.map(|address| ("host_ip", text(address))));
        let published = host_port(published, targets, offset)?;
        fields.extend(published.map(|published| ("published", Value::Text(published))));
        expanded.push((target.to_string(), fields));
    }
    // In the order in which Docker Compose prints them: by the number's text.
    expanded.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(expanded.into_iter().map(|(_, fields)| fields).collect())
}

/// The host's port for one of a range of container ports.
fn host_port(
    published: Option<(u16, u16)>,
    targets: (u16, u16),
    offset: usize,
) -> Result<Option<String>, PortError> {
    let count = targets.1 - targets.0;
    match published {
        None => Ok(None),
        Some((first, last)) if last - first == count => Ok(Some((usize::from(first) + offset).to_string())),
        Some((first, last)) if count == 0 => Ok(Some(format!("{first}-{last}"))),
        Some(_) => Err(PortError::Lengths),
    }
}

/// `[ip:]port` into both; the address may be IPv6, in brackets or not.
fn split_host(host: &str) -> Result<(Option<&str>, &str), PortError> {
    let (address, port) = match host.rsplit_once(':') {
        Some((address, port)) if !port.ends_with(']') => (address, port),
        Some(_) => (host, ""),
        None if host.contains('.') => (host, ""),
        None => return Ok((None, host)),
    };
    let bare = match address.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').ok_or(PortError::Address)?,
        None => address,
    };
    match bare.parse::<IpAddr>() {
        Ok(_) => Ok((Some(bare), port)),
        Err(_) if bare.is_empty() => Ok((None, port)),
        Err(_) => Err(PortError::Host),
    }
}

/// `80` or `80-90`.
pub(super) fn range(text: &str) -> Result<(u16, u16), PortError> {
    let port = |text: &str| text.parse::<u16>().map_err(|_| PortError::Number);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    if first <= last { Ok((first, last)) } else { Err(PortError::Backwards) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(port: &str, expected: &str) {
        let shown = match parse_ports(port) {
            Ok(ports) => ports.iter().map(show).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{port}");
    }

    fn show(fields: &Fields) -> String {
        let get =
            |key| fields.iter().find(|(name, _)| *name == key).and_then(|(_, value)| value.scalar_text());
        format!(
            "{}>{}>{}/{}",
            get("host_ip").unwrap_or_default(),
            get("published").unwrap_or_default(),
            get("target").unwrap_or_default(),
            get("protocol").unwrap_or_default()
        )
    }

    #[test]
    fn reads_every_short_form_of_a_port() {
        check("80", ">>80/tcp");
        check("8080:80", ">8080>80/tcp");
        check("127.0.0.1:53:53/udp", "127.0.0.1>53>53/udp");
        check("127.0.0.1::80", "127.0.0.1>>80/tcp");
        check("[::1]:80:80", "::1>80>80/tcp");
        check("::1:80:80", "::1>80>80/tcp");
        check("9-10/UDP", ">>10/udp >>9/udp");
        check("3000-3001", ">>3000/tcp >>3001/tcp");
        check("9000-9001:80-81", ">9000>80/tcp >9001>81/tcp");
        check("9000-9005:80", ">9000-9005>80/tcp");
    }

    #[test]
    fn says_why_a_port_is_refused() {
        check("80:http", "ports are numbers up to 65535");
        check("70000", "ports are numbers up to 65535");
        check("90-80", "a range ends before it begins");
        check("1-3:1-2", "host and container ranges have different lengths");
        check("localhost:80:80", "the host's part must be an IP address");
        check("[::1:80:80", "a square bracket is missing");
        check("80/tpc", "the protocol is tcp, udp or sctp");
    }
}
