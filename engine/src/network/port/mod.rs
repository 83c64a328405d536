//! Published ports: one map element each, and a bound socket that keeps the port from others.
//!
//! ```text
//! publish ── guard: bind, or take over a sibling's ── publication: keep ── firewall: add
//! drain ───────────────────────────────────────────── publication: mark ── firewall: to the siblings
//! unpublish ───────────────────────────────────────── firewall: remove ─── publication: forget
//! ```
//! **Shared ports.** Containers of one [`engine_spec::PortGroup`] (the replicas of a service) may publish the same
//! fixed port. New connections are spread over them in turn. To replace one without losing a
//! connection: start the new one, which joins by publishing; [`drain`] the old one, after which only
//! its siblings get new connections while its own go on; wait until [`flows`] is 0; stop it, which
//! ends in [`unpublish`]. The socket that keeps the port is taken over by each container from one that
//! has it, so there is no moment in which another program could get the port.

mod choice;
mod guard;
mod memory;
mod owner;
mod proxy;
mod publication;

pub use memory::Memory;
pub use proxy::Proxy;
pub use publication::{Publisher, Target};

pub(crate) use guard::Guard;

use super::conntrack::{self, Flow};
use super::firewall;
use super::netlink::NetlinkError;
use super::ruleset::Forwarding;
use crate::state::Layout;
use crate::state::lock::{self, LockError};
use crate::state::record::RecordError;
use choice::{take, take_exactly};
use engine_spec::{PortSpec, Protocol, PublishedPort};
use publication::{Holder, Publication};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A port could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Another container has it.
    #[error(
        "port {port}/{protocol} is already published by container {owner}: choose another host port, or stop that container"
    )]
    PublishedBy {
        /// Address and port on the host.
        port: SocketAddr,
        /// The transport.
        protocol: Protocol,
        /// The container's name, or its short id where the name is not known.
        owner: String,
    },
    /// Another program has it.
    #[error(
        "port {port}/{protocol} is already in use by {program}: choose another host port, or stop that program"
    )]
    HeldBy {
        /// Address and port on the host.
        port: SocketAddr,
        /// The transport.
        protocol: Protocol,
        /// The program and its process id.
        program: String,
    },
    /// A program that cannot be seen has it.
    #[error(
        "port {port}/{protocol} is already in use by another program on this host: choose another host port"
    )]
    InUse {
        /// Address and port on the host.
        port: SocketAddr,
        /// The transport.
        protocol: Protocol,
    },
    /// It cannot be bound at all.
    #[error("cannot bind {port}/{protocol}")]
    Bind {
        /// Address and port on the host.
        port: SocketAddr,
        /// The transport.
        protocol: Protocol,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What keeps the ports cannot be told to others.
    #[error("cannot tell which process holds the published ports")]
    Holder(#[source] io::Error),
    /// The kernel refused the rule.
    #[error("cannot forward published ports")]
    Netlink(#[from] NetlinkError),
    /// A record could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The firewall is locked for good.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The folder of records could not be made or read.
    #[error("cannot keep published ports in {path}")]
    Store {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Publishes a container's ports on the host in one transaction.
///
/// The ports stay taken as long as the guards are open.
///
/// # Errors
/// Names the port that is taken, and by whom.
pub(crate) fn publish(
    layout: &Layout,
    publisher: Publisher<'_>,
    target: Target,
    ports: &[PortSpec],
    memory: &Memory,
) -> Result<Vec<Guard>, PortError> {
    let _lock = lock::firewall(layout)?;
    let siblings = publisher.siblings(layout)?;
    let remembered = memory.recall();
    let mut guards = Vec::new();
    for port in ports {
        let taken = take(port, &siblings, &remembered);
        guards.extend(taken.map_err(|error| owner::name_owner(layout, publisher.container, error))?);
    }
    memory.keep(ports, &guards)?;
    let ports = guards.iter().map(|guard| guard.port.clone()).collect();
    let holder = Holder::this(&guards).map_err(PortError::Holder)?;
    let publication = Publication { target, ports, holder, is_draining: publisher.is_standby };
    publisher.save(layout, &publication)?;
    change(layout, &siblings, None, Some(&publication))?;
    // Flows that went elsewhere, or nowhere, while nobody had the port.
    forget_flows(&publication, |flow| {
        siblings.is_empty() && publication.ports.iter().any(|port| flow.came_to(port))
    });
    Ok(guards)
}

/// Ends what [`publish`] began; the caller closes the guards. Nothing published is no error.
///
/// # Errors
/// If the rules or the record cannot be removed.
pub fn unpublish(layout: &Layout, publisher: Publisher<'_>) -> Result<(), PortError> {
    let _lock = lock::firewall(layout)?;
    let Some(publication) = publisher.load(layout)? else { return Ok(()) };
    change(layout, &publisher.siblings(layout)?, Some(&publication), None)?;
    publisher.forget(layout)?;
    forget_flows(&publication, |flow| flow.is_of(publication.target));
    Ok(())
}

/// Lets new connections go to the other containers of the group only, or with `false` to this one
/// again; those that there are stay. Nothing published is no error.
///
/// # Errors
/// If the rules or the record cannot be changed.
pub fn drain(layout: &Layout, publisher: Publisher<'_>, is_draining: bool) -> Result<(), PortError> {
    let _lock = lock::firewall(layout)?;
    let Some(before) = publisher.load(layout)? else { return Ok(()) };
    let after = Publication { is_draining, ..before.clone() };
    publisher.save(layout, &after)?;
    change(layout, &publisher.siblings(layout)?, Some(&before), Some(&after))
}

/// How many connections to a container are open that came by a published port.
///
/// # Errors
/// If the kernel does not tell.
pub fn flows(layout: &Layout, publisher: Publisher<'_>) -> Result<usize, PortError> {
    let Some(publication) = publisher.load(layout)? else { return Ok(0) };
    let mut count = 0;
    conntrack::list(|flow| {
        count += usize::from(flow.is_open() && flow.is_published() && flow.is_of(publication.target));
    })?;
    Ok(count)
}

/// Takes the guards of what is published already, for an adopted container.
///
/// # Errors
/// Names the port that is taken by now.
pub(crate) fn adopt(layout: &Layout, publisher: Publisher<'_>) -> Result<Vec<Guard>, PortError> {
    let _lock = lock::firewall(layout)?;
    let Some(mut publication) = publisher.load(layout)? else { return Ok(Vec::new()) };
    let siblings = publisher.siblings(layout)?;
    let take = |port: &PublishedPort| take_exactly(port, &siblings);
    let guards = publication.ports.iter().map(take).collect::<Result<Vec<_>, _>>();
    let guards = guards.map_err(|error| owner::name_owner(layout, publisher.container, error))?;
    publication.holder = Holder::this(&guards).map_err(PortError::Holder)?;
    publisher.save(layout, &publication)?;
    Ok(guards)
}

/// What all containers of this installation have published.
pub(super) fn forwardings(layout: &Layout) -> Result<Vec<Forwarding>, PortError> {
    let publications = publication::all(layout)?;
    Ok(publications.iter().flat_map(|(_, publication)| publication.forwardings()).collect())
}

/// Brings the rules from what one container published before to what it publishes after.
fn change(
    layout: &Layout,
    siblings: &[Publication],
    before: Option<&Publication>,
    after: Option<&Publication>,
) -> Result<(), PortError> {
    let with_siblings = |own: Option<&Publication>| {
        siblings.iter().chain(own).flat_map(Publication::forwardings).collect::<Vec<_>>()
    };
    Ok(firewall::change_ports(layout, &with_siblings(before), &with_siblings(after))?)
}

/// Datagrams have no end: without this a client that goes on sending would reach where it did before.
/// What cannot be forgotten now is when its time is over, so a refusal only delays.
fn forget_flows(publication: &Publication, is_wanted: impl Fn(&Flow) -> bool) {
    if publication.ports.iter().any(|port| port.protocol == Protocol::Udp) {
        let forgotten = conntrack::forget(|flow| flow.protocol == Protocol::Udp && is_wanted(flow));
        forgotten.unwrap_or_else(|error| tracing::debug!(%error, "flows stay until they time out"));
    }
}
