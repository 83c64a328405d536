//! How the container is connected: networks, ports, names.

use super::comma::{Pair, pairs};
use super::error::FlagError;
use super::service::{Service, literal};
use clap::Args;
use serde_json::{Map, Value, json};

/// Flags of the network.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct ConnectionFlags {
    /// Connect to a network, or to `host`, `none` or `container:NAME`
    #[arg(long, alias = "net", value_name = "NETWORK")]
    pub(super) network: Vec<String>,
    /// Add a name under which others in the network find the container
    #[arg(long, alias = "net-alias", value_name = "NAME")]
    network_alias: Vec<String>,
    /// Publish a port of the container on the host
    #[arg(short, long, value_name = "[[IP:]HOST:]CONTAINER[/PROTOCOL]")]
    publish: Vec<String>,
    /// Publish every exposed port on a free one of the host
    #[arg(short = 'P', long)]
    publish_all: bool,
    /// Say that the container listens on a port
    #[arg(long, value_name = "PORT")]
    expose: Vec<String>,
    /// Make another container known under a name
    #[arg(long, value_name = "CONTAINER[:NAME]")]
    pub(super) link: Vec<String>,
    /// Add a line to /etc/hosts
    #[arg(long, value_name = "HOST:IP")]
    add_host: Vec<String>,
    /// Set the host name
    #[arg(short = 'h', long)]
    hostname: Option<String>,
    /// Set the NIS domain name
    #[arg(long)]
    domainname: Option<String>,
    /// Ask this DNS server
    #[arg(long, value_name = "IP")]
    dns: Vec<String>,
    /// Set a resolver option
    #[arg(long, alias = "dns-opt", value_name = "OPTION")]
    dns_option: Vec<String>,
    /// Search names in this domain
    #[arg(long, value_name = "DOMAIN")]
    dns_search: Vec<String>,
    /// Fix the IPv4 address
    #[arg(long, value_name = "IP")]
    ip: Option<String>,
    /// Fix the IPv6 address
    #[arg(long, value_name = "IP")]
    ip6: Option<String>,
    /// Add a link-local address
    #[arg(long, value_name = "IP")]
    link_local_ip: Vec<String>,
    /// Fix the hardware address
    #[arg(long, value_name = "ADDRESS")]
    mac_address: Option<String>,
}

impl ConnectionFlags {
    /// Writes them; `exposed` are the ports of the image.
    pub(super) fn write<'a>(
        &'a self,
        exposed: impl IntoIterator<Item = &'a String>,
        service: &mut Service,
    ) -> Result<(), FlagError> {
        service.text("hostname", self.hostname.as_ref());
        service.text("domainname", self.domainname.as_ref());
        service.list("dns", &self.dns);
        service.list("dns_opt", &self.dns_option);
        service.list("dns_search", &self.dns_search);
        service.list("extra_hosts", &self.add_host);
        service.list("expose", &self.expose);
        service.list("external_links", &self.link);
        service.list("ports", &self.publish);
        if self.publish_all {
            service.list("ports", self.unpublished(exposed));
        }
        self.write_networks(service)
    }

    /// The ports to publish with `-P` that no `-p` names.
    fn unpublished<'a>(&'a self, exposed: impl IntoIterator<Item = &'a String>) -> Vec<String> {
        let with_protocol =
            |port: &str| if port.contains('/') { port.to_owned() } else { format!("{port}/tcp") };
        let target = |port: &String| with_protocol(port.rsplit(':').next().unwrap_or(port));
        let published: Vec<_> = self.publish.iter().map(target).collect();
        let mut ports: Vec<_> =
            exposed.into_iter().chain(&self.expose).map(|port| with_protocol(port)).collect();
        ports.retain(|port| !published.contains(port));
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    fn write_networks(&self, service: &mut Service) -> Result<(), FlagError> {
        let Some((first, rest)) = self.network.split_first() else {
            service.text("network_mode", Some("bridge"));
            return self.write_own_address(service);
        };
        if let Some(mode) = mode(first) {
            service.text("network_mode", Some(mode));
            if let Some(other) = rest.first() {
                return Err(FlagError::form(
                    "--network",
                    other,
                    "no other network beside one that stands alone",
                ));
            }
            return self.write_own_address(service);
        }
        for (place, given) in self.network.iter().enumerate() {
            let (name, mut endpoint) = endpoint(given)?;
            if place == 0 {
                self.write_place(&mut endpoint);
            }
            // Interfaces appear in the order of the flags.
            endpoint.insert("priority".to_owned(), json!(self.network.len() - place));
            service.network(&name);
            service.entry("networks", &name, Value::Object(endpoint));
        }
        Ok(())
    }

    /// An address of one's own in the predefined network.
    fn write_own_address(&self, service: &mut Service) -> Result<(), FlagError> {
        service.text("mac_address", self.mac_address.as_ref());
        match self.ip.as_ref().or(self.ip6.as_ref()).or(self.network_alias.first()) {
            Some(value) => {
                Err(FlagError::form("--ip or --network-alias", value, "a --network of your own beside it"))
            }
            None => Ok(()),
        }
    }

    /// What the flags beside the first `--network` say of it.
    fn write_place(&self, endpoint: &mut Map<String, Value>) {
        let mut set = |key: &str, value: Option<&String>| {
            if let Some(value) = value {
                endpoint.insert(key.to_owned(), literal(value));
            }
        };
        set("ipv4_address", self.ip.as_ref());
        set("ipv6_address", self.ip6.as_ref());
        set("mac_address", self.mac_address.as_ref());
        for (key, values) in [("aliases", &self.network_alias), ("link_local_ips", &self.link_local_ip)] {
            if let Value::Array(list) = endpoint.entry(key).or_insert_with(|| json!([])) {
                list.extend(values.iter().map(|value| literal(value)));
            }
        }
    }
}

/// The modes that are no network of the engine, in Compose's words.
fn mode(network: &str) -> Option<&str> {
    match network {
        "bridge" | "default" => Some("bridge"),
        "host" | "none" => Some(network),
        _ => network.starts_with("container:").then_some(network),
    }
}

/// `NAME`, or `name=NAME,alias=…,ip=…`.
fn endpoint(given: &str) -> Result<(String, Map<String, Value>), FlagError> {
    const FLAG: &str = "--network";
    const KEYS: [&str; 8] =
        ["name", "alias", "ip", "ip6", "mac-address", "link-local-ip", "driver-opt", "gw-priority"];
    if !given.contains('=') {
        return Ok((given.to_owned(), Map::new()));
    }
    let mut name = None;
    let mut endpoint = Map::new();
    for Pair { key, value } in pairs(FLAG, given, &KEYS)? {
        let value = value.ok_or_else(|| FlagError::form(FLAG, given, "KEY=VALUE,…"))?;
        let mut append = |list: &str| {
            if let Value::Array(list) = endpoint.entry(list).or_insert_with(|| json!([])) {
                list.push(literal(&value));
            }
        };
        match key {
            "name" => name = Some(value),
            "alias" => append("aliases"),
            "link-local-ip" => append("link_local_ips"),
            "ip" => drop(endpoint.insert("ipv4_address".to_owned(), literal(&value))),
            "ip6" => drop(endpoint.insert("ipv6_address".to_owned(), literal(&value))),
            "mac-address" => drop(endpoint.insert("mac_address".to_owned(), literal(&value))),
            "gw-priority" => {
                let number: i32 = value.parse().map_err(|_| FlagError::form(FLAG, &value, "a number"))?;
                endpoint.insert("gw_priority".to_owned(), json!(number));
            }
            _ => {
                let (option, value) = value
                    .split_once('=')
                    .ok_or_else(|| FlagError::form(FLAG, &value, "driver-opt=NAME=VALUE"))?;
                if let Value::Object(options) = endpoint.entry("driver_opts").or_insert_with(|| json!({})) {
                    options.insert(option.to_owned(), literal(value));
                }
            }
        }
    }
    Ok((name.ok_or_else(|| FlagError::form(FLAG, given, "name=NAME among the parts"))?, endpoint))
}
