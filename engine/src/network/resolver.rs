//! The name server of one container, as part of its supervisor's poll loop. Never blocks.

use super::NetworkError;
use crate::state::Layout;
use engine_spec::{ContainerSpec, NetworkName};
use nix::poll::PollFlags;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::time::Instant;

/// Answers a container's questions from the names of its networks, and asks the host's servers.
#[derive(Debug)]
pub struct DnsService {}

impl DnsService {
    /// Serves on `sockets` as [`super::endpoint::configure`] returned them.
    ///
    /// `networks` in the order they are searched; see [`servers`] for the last argument.
    ///
    /// # Errors
    /// If the sockets cannot be prepared.
    pub fn new(
        _layout: &Layout,
        _sockets: Vec<OwnedFd>,
        _networks: Vec<NetworkName>,
        _servers: Vec<SocketAddr>,
    ) -> Result<Self, NetworkError> {
        todo!()
    }

    /// What to poll, and for what. Changes with every call of [`Self::ready`] and [`Self::expire`].
    #[must_use]
    pub fn descriptors(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        todo!()
    }

    /// Handles a descriptor that poll reported; one that is not ours is ignored.
    pub fn ready(&mut self, _fd: RawFd, _now: Instant) {
        todo!()
    }

    /// When [`Self::expire`] has to be called at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        todo!()
    }

    /// Gives up what took too long.
    pub fn expire(&mut self, _now: Instant) {
        todo!()
    }
}

/// The servers to ask for a container: its own, else the host's; none if all its networks are internal.
#[must_use]
pub fn servers(_spec: &ContainerSpec, _host_resolv_conf: &str, _internal: bool) -> Vec<SocketAddr> {
    todo!()
}
