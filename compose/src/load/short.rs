//! Short syntaxes, each turned into the long forms it stands for.

use super::node::{Node, Value};
use super::shape::Shape;
use crate::model::GoDuration;

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
pub(super) fn gpus(node: &Node, word: &str, shape: &mut Shape<'_>) -> Vec<Node> {
    if word != "all" {
        shape.mismatch(node, "gpus", "`all` or a list");
        return Vec::new();
    }
    let every = Node::map_of([("count", Value::Integer(-1))], node.span);
    vec![Node::new(Value::List(vec![every]), node.span)]
}

/// `count: all`
pub(super) fn count(node: &Node, word: &str, _: &mut Shape<'_>) -> Vec<Node> {
    vec![if word == "all" { Node::new(Value::Integer(-1), node.span) } else { node.clone() }]
}

/// `cpu_rt_period: 400ms`
pub(super) fn microseconds(node: &Node, time: &str, _: &mut Shape<'_>) -> Vec<Node> {
    let duration: Option<GoDuration> = time.parse().ok().filter(|_| time != "0");
    let micros = duration.and_then(|duration| i64::try_from(duration.0.as_micros()).ok());
    vec![micros.map_or_else(|| node.clone(), |micros| Node::new(Value::Integer(micros), node.span))]
}

/// `host[:container[:rwm]]`, or the name of a CDI device, which has no parts.
pub(super) fn device(node: &Node, device: &str, _: &mut Shape<'_>) -> Vec<Node> {
    let mut parts = device.splitn(3, ':');
    let fields = [("source", parts.next()), ("target", parts.next()), ("permissions", parts.next())];
    let given = fields.into_iter().filter_map(|(key, part)| Some((key, text(part?))));
    vec![Node::map_of(given, node.span)]
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
    if target.is_empty() || source == Some("") {
        let message = format!("`{mount}` is not a volume: write [SOURCE:]TARGET[:OPTIONS]");
        shape.report.error(node.span, message);
        return Vec::new();
    }
    let is_bind = source.is_some_and(|source| source.starts_with(['.', '/', '~']));
    let mut fields = vec![("target", text(target))];
    fields.extend(source.map(|source| ("source", text(source))));
    let mut uses = Vec::new();
    if is_bind {
        uses.push(("create_host_path", Value::Bool(true)));
    }
    for option in options.split(',') {
        match option {
            "ro" => fields.push(("read_only", Value::Bool(true))),
            "nocopy" if !is_bind => uses.push(("nocopy", Value::Bool(true))),
            "z" | "Z" if is_bind => uses.push(("selinux", text(option))),
            "shared" | "slave" | "private" | "rshared" | "rslave" | "rprivate" if is_bind => {
                uses.push(("propagation", text(option)));
            }
            // Docker Compose ignores options that mean nothing for the kind of mount.
            _ => {}
        }
    }
    let kind = if is_bind { "bind" } else { "volume" };
    fields.push(("type", text(kind)));
    fields.push((kind, Node::map_of(uses, node.span).value));
    vec![Node::map_of(fields, node.span)]
}

/// `[[ip:]host[-range]:]container[-range][/protocol]`
pub(super) fn ports(node: &Node, port: &str, shape: &mut Shape<'_>) -> Vec<Node> {
    match parse_ports(port) {
        Ok(ports) => ports.into_iter().map(|fields| Node::map_of(fields, node.span)).collect(),
        Err(reason) => {
            let hint =
                "write [[IP:]HOST:]CONTAINER[/PROTOCOL], such as \"8080:80\" or \"127.0.0.1:53:53/udp\"";
            shape.report.error(node.span, format!("`{port}` is not a port: {reason}")).hint =
                Some(hint.to_owned());
            Vec::new()
        }
    }
}

/// Why a text is not a port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PortError {
    #[error("ports are numbers from 1 to 65535")]
    Number,
    #[error("a range ends before it begins")]
    Backwards,
    #[error("host and container ranges have different lengths")]
    Lengths,
    #[error("an IPv6 address needs square brackets")]
    Address,
}

type Fields = Vec<(&'static str, Value)>;

fn parse_ports(port: &str) -> Result<Vec<Fields>, PortError> {
    let (ports, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let (host, container) = match ports.rsplit_once(':') {
        Some((host, container)) => (Some(host), container),
        None => (None, ports),
    };
    let (address, published) = match host {
        Some(host) => split_host(host)?,
        None => (None, ""),
    };
    let targets = range(container)?;
    let published = if published.is_empty() { None } else { Some(range(published)?) };
    let count = targets.1 - targets.0;
    let mut expanded = Vec::new();
    for (offset, target) in (targets.0..=targets.1).enumerate() {
        let mut fields = vec![
            ("mode", text("ingress")),
            ("target", Value::Integer(i64::from(target))),
            ("protocol", text(&protocol.to_ascii_lowercase())),
        ];
        fields.extend(address.map(|address| ("host_ip", text(address))));
        fields.extend(
            match published {
                None => None,
                Some((first, last)) if last - first == count => {
                    Some(usize::from(first) + offset).map(|n| n.to_string())
                }
                Some((first, last)) if count == 0 => Some(format!("{first}-{last}")),
                Some(_) => return Err(PortError::Lengths),
            }
            .map(|published| ("published", Value::Text(published))),
        );
        expanded.push(fields);
    }
    Ok(expanded)
}

/// `[ip:]port` into both; the address may be IPv6 in brackets.
fn split_host(host: &str) -> Result<(Option<&str>, &str), PortError> {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, tail) = rest.split_once(']').ok_or(PortError::Address)?;
        return Ok((Some(address), tail.strip_prefix(':').unwrap_or(tail)));
    }
    match host.rsplit_once(':') {
        Some((address, _)) if address.contains(':') => Err(PortError::Address),
        Some((address, port)) => Ok((Some(address), port)),
        None if host.contains('.') => Ok((Some(host), "")),
        None => Ok((None, host)),
    }
}

/// `80` or `80-90`.
pub(super) fn range(text: &str) -> Result<(u16, u16), PortError> {
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0).ok_or(PortError::Number);
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
        check("3000-3001", ">>3000/tcp >>3001/tcp");
        check("9000-9001:80-81", ">9000>80/tcp >9001>81/tcp");
        check("9000-9005:80", ">9000-9005>80/tcp");
    }

    #[test]
    fn says_why_a_port_is_refused() {
        check("80:http", "ports are numbers from 1 to 65535");
        check("70000", "ports are numbers from 1 to 65535");
        check("90-80", "a range ends before it begins");
        check("1-3:1-2", "host and container ranges have different lengths");
        check("::1:80:80", "an IPv6 address needs square brackets");
    }
}
