//! The address of another host by its name, as this host's own files and name servers say.
//!
//! Not by getaddrinfo(3), which in a static program would load the host's modules into a root process.

use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RData, RecordType};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

const HOSTS: &str = "/etc/hosts";
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The host's resolver asks for as long (resolv.conf(5)).
const PATIENCE: Duration = Duration::from_secs(5);
const DNS_PORT: u16 = 53;
/// What a server may answer without EDNS is 512 bytes; more does no harm.
const LONGEST_ANSWER: usize = 4096;

/// The address of `host`, which may be one itself.
///
/// # Errors
/// `NotFound` where neither the hosts file nor a name server knows it.
pub(crate) fn resolve(host: &str) -> io::Result<IpAddr> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let known = host.parse().ok().or_else(|| in_hosts(&read(HOSTS), host)).or_else(|| own(host));
    if let Some(address) = known {
        return Ok(address);
    }
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for server in servers(&read(RESOLV_CONF)) {
        for kind in [RecordType::A, RecordType::AAAA] {
            match ask(server, host, kind) {
                Ok(Some(address)) => return Ok(address),
                Ok(None) => {}
                Err(error) => failed = error,
            }
        }
    }
    Err(failed)
}

/// hosts(5): an address, then its names.
fn in_hosts(text: &str, host: &str) -> Option<IpAddr> {
    text.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|name| name.eq_ignore_ascii_case(host)).then_some(address)
    })
}

/// What no name server is asked for (RFC 6761, section 6.3).
fn own(host: &str) -> Option<IpAddr> {
    host.eq_ignore_ascii_case("localhost").then_some(Ipv4Addr::LOCALHOST.into())
}

fn servers(text: &str) -> Vec<IpAddr> {
    let values = text.lines().filter_map(|line| line.strip_prefix("nameserver"));
    values.filter_map(|value| value.trim().parse().ok()).collect()
}

fn ask(server: IpAddr, host: &str, kind: RecordType) -> io::Result<Option<IpAddr>> {
    let name = Name::from_ascii(host).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut message = Message::query();
    message.add_query(Query::query(name, kind));
    message.metadata.recursion_desired = true;
    let any = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.connect(SocketAddr::new(server, DNS_PORT))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send(&message.to_vec().map_err(io::Error::other)?)?;
    let mut answer = [0; LONGEST_ANSWER];
    let length = socket.recv(&mut answer)?;
    let reply = Message::from_vec(&answer[..length]).map_err(io::Error::other)?;
    if reply.metadata.id != message.metadata.id {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(reply.answers.iter().find_map(|record| match &record.data {
        RData::A(address) => Some(address.0.into()),
        RData::AAAA(address) => Some(address.0.into()),
        _ => None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_its_own_and_the_hosts_file_knows_names() {
        assert_eq!(resolve("192.0.2.7").expect("an address"), IpAddr::from([192, 0, 2, 7]));
        let hosts = "# nas\n127.0.0.1 localhost\n192.0.2.9\tnas nas.example # the big one\n";
        assert_eq!(in_hosts(hosts, "NAS.example"), Some(IpAddr::from([192, 0, 2, 9])));
        assert_eq!(in_hosts(hosts, "big"), None);
        assert_eq!(own("localhost"), Some(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(own("nas"), None);
    }
}
