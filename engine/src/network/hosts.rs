//! The text of a container's /etc/hosts.

use engine_spec::{ContainerSpec, HostAddress};
use std::fmt::Write;
use std::net::IpAddr;

const LOOPBACK: &str = "127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
";

/// Docker's file: loopback, the extra hosts, then the container's own name per address. `gateways` are
/// the host as the container reaches it.
#[must_use]
pub fn hosts(spec: &ContainerSpec, hostname: &str, addresses: &[IpAddr], gateways: &[IpAddr]) -> String {
    let mut text = LOOPBACK.to_owned();
    let mut line = |address: &IpAddr, names: &str| {
        writeln!(text, "{address}\t{names}").expect("writing to a String cannot fail");
    };
    for (name, address) in &spec.extra_hosts {
        match address {
            HostAddress::Address(address) => line(address, name),
            HostAddress::Gateway => gateways.iter().for_each(|gateway| line(gateway, name)),
        }
    }
    let names = match &spec.domainname {
        Some(domain) if !domain.is_empty() => format!("{hostname}.{domain} {hostname}"),
        _ => hostname.to_owned(),
    };
    addresses.iter().for_each(|address| line(address, &names));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::{ContainerName, Digest};

    #[test]
    fn own_name_comes_last_with_its_domain() {
        let image = "busybox".parse().expect("image");
        let name = ContainerName::new("web").expect("name");
        let mut spec = ContainerSpec::new(name, image, Digest::from_sha256([0; 32]));
        spec.domainname = Some("example.org".into());
        let db = HostAddress::Address(IpAddr::from([192, 0, 2, 9]));
        spec.extra_hosts = vec![("db".into(), db), ("host".into(), HostAddress::Gateway)];
        let text = hosts(&spec, "web", &[IpAddr::from([10, 0, 0, 2])], &[IpAddr::from([10, 0, 0, 1])]);
        let own = text.strip_prefix(LOOPBACK).expect("loopback first");
        assert_eq!(own, "192.0.2.9\tdb\n10.0.0.1\thost\n10.0.0.2\tweb.example.org web\n");
    }
}
