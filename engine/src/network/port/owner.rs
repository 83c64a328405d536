//! Who has a host port that could not be taken.

use super::guard::clashes;
use super::{PortError, publication};
use crate::state::{Layout, container};
use engine_spec::{ContainerId, Protocol};
use std::fs;
use std::net::SocketAddr;

/// Completes the error with the container, or the program, that has the port.
pub(super) fn name_owner(layout: &Layout, asking: &ContainerId, error: PortError) -> PortError {
    let PortError::InUse { port, protocol } = error else { return error };
    let publications = publication::all(layout).unwrap_or_default();
    let ours = publications.into_iter().find(|(container, publication)| {
        container != asking && publication.ports.iter().any(|theirs| clashes(theirs, port, protocol))
    });
    match (ours, program_with(port, protocol)) {
        (Some((owner, _)), _) => PortError::PublishedBy { port, protocol, owner: name_of(layout, &owner) },
        (None, Some(program)) => PortError::HeldBy { port, protocol, program },
        (None, None) => PortError::InUse { port, protocol },
    }
}

fn name_of(layout: &Layout, container: &ContainerId) -> String {
    let record = container::load(layout, container).ok().flatten();
    record.map_or_else(|| container.short().to_owned(), |record| record.spec.name.to_string())
}

/// The program that has a socket bound there, as `nginx (process 812)`.
fn program_with(port: SocketAddr, protocol: Protocol) -> Option<String> {
    let table = match (protocol, port) {
        (Protocol::Tcp, SocketAddr::V4(_)) => "tcp",
        (Protocol::Tcp, SocketAddr::V6(_)) => "tcp6",
        (Protocol::Udp, SocketAddr::V4(_)) => "udp",
        (Protocol::Udp, SocketAddr::V6(_)) => "udp6",
        (Protocol::Sctp, _) => return None,
    };
    // An IPv6 socket without IPV6_V6ONLY has the port of both families.
    let tables = [table, if protocol == Protocol::Tcp { "tcp6" } else { "udp6" }];
    let text = |table| fs::read_to_string(format!("/proc/thread-self/net/{table}")).unwrap_or_default();
    let inodes = tables.into_iter().flat_map(|table| inodes_on(&text(table), port.port(), protocol));
    inodes.collect::<Vec<_>>().iter().find_map(|inode| process_with(inode))
}

/// Sockets bound to a port without a peer: column 2 is the local address, 4 the state, 10 the inode
/// (proc_pid_net(5)).
fn inodes_on(table: &str, port: u16, protocol: Protocol) -> Vec<String> {
    /// `TCP_LISTEN` and `TCP_CLOSE`, which is also what an unconnected UDP socket shows.
    const WAITING: [&str; 2] = ["0A", "07"];
    let ending = format!(":{port:04X}");
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|columns| columns.get(1).is_some_and(|local| local.ends_with(&ending)))
        .filter(|columns| {
            protocol == Protocol::Udp || columns.get(3).is_some_and(|state| WAITING.contains(state))
        })
        .filter_map(|columns| columns.get(9).map(|inode| (*inode).to_owned()))
        .collect()
}

fn process_with(inode: &str) -> Option<String> {
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let numbered = processes.filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok());
    numbered.map(|entry| entry.path()).find_map(|process| {
        let descriptors = fs::read_dir(process.join("fd")).ok()?.flatten();
        let has_it = descriptors
            .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
            .any(|target| target.to_string_lossy() == wanted);
        let name = has_it.then(|| fs::read_to_string(process.join("comm")).ok()).flatten()?;
        Some(format!("{} (process {})", name.trim(), process.file_name()?.to_string_lossy()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn program_that_listens_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("bound");
        let named = program_with(port, Protocol::Tcp).expect("found");
        assert!(named.ends_with(&format!("(process {})", std::process::id())), "{named}");
        assert_eq!(program_with(port, Protocol::Udp), None);
    }
}
