//! The text of a container's /etc/resolv.conf, and what we read from the host's.

use super::endpoint::DNS_ADDRESS;
use engine_spec::{ContainerSpec, NetworkMode};
use std::net::IpAddr;

/// The container's file, made of its spec and the `host`'s file.
///
/// In networks of ours the one server is 127.0.0.11, which asks the others. Without `ndots:0` the
/// search domains would be tried before a service's name.
#[must_use]
pub fn resolv_conf(spec: &ContainerSpec, host: &str) -> String {
    let own_servers = match &spec.network {
        NetworkMode::Networks { .. } => vec![IpAddr::V4(DNS_ADDRESS)],
        NetworkMode::None | NetworkMode::Host | NetworkMode::Container { .. } if spec.dns.is_empty() => {
            servers(host)
        }
        NetworkMode::None | NetworkMode::Host | NetworkMode::Container { .. } => spec.dns.clone(),
    };
    let mut lines: Vec<_> = own_servers.iter().map(|server| format!("nameserver {server}")).collect();
    let search =
        if spec.dns_search.is_empty() { words(host, &["search", "domain"]) } else { spec.dns_search.clone() };
    if !search.is_empty() && search != ["."] {
        lines.push(format!("search {}", search.join(" ")));
    }
    let mut options =
        if spec.dns_options.is_empty() { words(host, &["options"]) } else { spec.dns_options.clone() };
    let has_ndots = options.iter().any(|option| option.starts_with("ndots:"));
    if matches!(spec.network, NetworkMode::Networks { .. }) && !has_ndots {
        options.push("ndots:0".to_owned());
    }
    if !options.is_empty() {
        lines.push(format!("options {}", options.join(" ")));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The name servers of a resolv.conf. A scope (`fe80::1%eth0`) is dropped: it means nothing elsewhere.
pub(super) fn servers(text: &str) -> Vec<IpAddr> {
    let values = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()).flatten()
    });
    values.filter_map(|value| value.split('%').next()?.parse().ok()).collect()
}

/// What follows the last line that starts with one of `keys`.
fn words(text: &str, keys: &[&str]) -> Vec<String> {
    let lines = text.lines().rev().map(str::split_whitespace);
    let found = lines.filter_map(|mut words| keys.contains(&words.next()?).then_some(words)).next();
    found.map(|words| words.map(str::to_owned).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::{ContainerName, Digest};

    const HOST: &str =
        "# made by hand\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\nsearch lan\noptions edns0\n";

    fn spec(network: NetworkMode) -> ContainerSpec {
        let name = ContainerName::new("web").expect("name");
        let image = "busybox".parse().expect("image");
        ContainerSpec { network, ..ContainerSpec::new(name, image, Digest::from_sha256([0; 32])) }
    }

    fn networks() -> NetworkMode {
        NetworkMode::Networks { endpoints: vec![] }
    }

    #[test]
    fn networks_have_one_server_and_keep_the_hosts_search() {
        let text = resolv_conf(&spec(networks()), HOST);
        assert_eq!(text, "nameserver 127.0.0.11\nsearch lan\noptions edns0 ndots:0\n");
    }

    #[test]
    fn own_settings_replace_the_hosts() {
        let mut spec = spec(networks());
        spec.dns_search = vec![".".into()];
        spec.dns_options = vec!["ndots:2".into()];
        assert_eq!(resolv_conf(&spec, HOST), "nameserver 127.0.0.11\noptions ndots:2\n");
    }

    #[test]
    fn hosts_network_keeps_the_hosts_servers() {
        let text = resolv_conf(&spec(NetworkMode::Host), HOST);
        assert_eq!(text, "nameserver 127.0.0.53\nnameserver fe80::1\nsearch lan\noptions edns0\n");
    }

    #[test]
    fn servers_are_read_from_lines_of_their_own() {
        assert_eq!(servers("#nameserver 1.1.1.1\nnameserver\nnameserver x\n").len(), 0);
        assert_eq!(servers(HOST).len(), 2);
    }
}
