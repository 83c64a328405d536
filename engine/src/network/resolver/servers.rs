//! Who is asked for names that are not ours, and from where.
//!
//! Servers that the container was given are asked from its own network, where their addresses mean what
//! its user meant. The host's are asked from the host, where `127.0.0.53` means something; they are read
//! again when the file changes, as it does when a laptop moves or a VPN comes up.

use super::DNS_PORT;
use crate::network::resolv_conf;
use engine_spec::ContainerSpec;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

const HOST_FILE: &str = "/etc/resolv.conf";
/// How often the host's file is looked at, at most.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Whose servers are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Servers {
    /// The container's own.
    Container(Vec<SocketAddr>),
    /// The host's.
    Host,
    /// None: all its networks are internal, and a name can carry secrets out (CVE-2024-29018).
    Nobody,
}

impl Servers {
    /// Those of a container.
    #[must_use]
    pub fn of(spec: &ContainerSpec, is_internal: bool) -> Self {
        match (spec.dns.as_slice(), is_internal) {
            ([], true) => Self::Nobody,
            ([], false) => Self::Host,
            (own, _) => {
                Self::Container(own.iter().map(|server| SocketAddr::new(*server, DNS_PORT)).collect())
            }
        }
    }
}

/// The host's file as it was read last.
#[derive(Debug, Default)]
pub(super) struct HostFile {
    /// Number, size and time of change tell one state of the file from another.
    seen: Option<(u64, u64, i64, i64)>,
    look_at: Option<Instant>,
}

impl HostFile {
    /// The servers, if the file has changed since they were asked for last. A host without the file
    /// has none.
    pub(super) fn changed(&mut self, now: Instant) -> Option<Vec<SocketAddr>> {
        if self.look_at.is_some_and(|look_at| now < look_at) {
            return None;
        }
        self.look_at = Some(now + LOOK_AGAIN);
        let state = fs::metadata(HOST_FILE).ok();
        let state = state.map(|file| (file.ino(), file.size(), file.mtime(), file.mtime_nsec()));
        if state.is_some() && state == self.seen {
            return None;
        }
        self.seen = state;
        let text = fs::read_to_string(HOST_FILE).unwrap_or_default();
        Some(
            resolv_conf::servers(&text).into_iter().map(|server| SocketAddr::new(server, DNS_PORT)).collect(),
        )
    }
}
