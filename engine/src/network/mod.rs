//! Networks of containers: bridges, addresses, names, published ports and the firewall.
//!
//! ```text
//! create/ensure ── ipam (pure) ── record ── bridge ── firewall ── ruleset (pure) ── nft
//! start of a container ── lease ── endpoint::connect (host) ── endpoint::configure (inside)
//!                         port::publish ── names::announce ── resolver::DnsService (supervisor)
//! ```
//! Decisions are pure; effects are one netlink batch each, and `ensure` repeats them without harm,
//! so that a network comes back after a reboot or `nft flush ruleset`.

pub mod doctor;
pub mod endpoint;
pub mod lease;
pub mod names;
pub mod port;
pub mod record;
pub mod resolver;

mod attribute;
mod bridge;
mod conntrack;
mod decide;
mod error;
mod firewall;
mod forwarding;
mod host;
mod hosts;
mod ipam;
mod netlink;
mod nft;
mod options;
mod passage;
mod resolv_conf;
mod ruleset;
mod uplink;

#[cfg(test)]
mod tests;

pub use error::NetworkError;
pub use hosts::hosts;
pub use ipam::{Holder, IpamError, Taken};
pub use netlink::NetlinkError;
pub use options::OptionError;
pub use record::NetworkRecord;
pub use resolv_conf::resolv_conf;
pub use uplink::UplinkError;

use crate::state::Layout;
use crate::state::{container, events, lock};
use engine_spec::{EventObject, NetworkAction, NetworkMode, NetworkName, NetworkSpec, ObservedNetwork};
use netlink::Socket;
use options::Attachment;
use std::fs;
use std::io;
use std::path::Path;

/// The network of build steps, and of containers that name none.
const DEFAULT_NETWORK: &str = "bridge";

/// Makes a network, or returns the one of that name that exists.
///
/// # Errors
/// Says which step could not be done; a network that could not be made leaves nothing behind.
pub fn create(layout: &Layout, spec: &NetworkSpec) -> Result<ObservedNetwork, NetworkError> {
    let _lock = lock::network(layout, &spec.name)?;
    let _firewall = lock::firewall(layout)?;
    if let Some(record) = record::load(layout, &spec.name)? {
        put_in_place(layout, &record)?;
        return Ok(record.into());
    }
    let record = decide::decide(layout, spec)?;
    let folder = layout.network(&spec.name);
    fs::create_dir_all(&folder).map_err(|source| NetworkError::Store { path: folder, source })?;
    record::save(layout, &record)?;
    if let Err(error) = put_in_place(layout, &record) {
        let undone = take_away(layout, &record);
        undone.unwrap_or_else(|undo| tracing::warn!(%undo, "cannot undo what was made of the network"));
        return Err(error);
    }
    note(layout, &record, NetworkAction::Create);
    Ok(record.into())
}

/// Brings a network's bridge and rules back, if they are missing. The predefined network is made when
/// somebody needs it.
///
/// # Errors
/// Says which step could not be done.
pub fn ensure(layout: &Layout, network: &NetworkName) -> Result<NetworkRecord, NetworkError> {
    match bring_back(layout, network) {
        Err(NetworkError::Missing { .. }) if network.as_str() == DEFAULT_NETWORK => {
            create(layout, &NetworkSpec::new(network.clone()))?;
            bring_back(layout, network)
        }
        other => other,
    }
}

fn bring_back(layout: &Layout, network: &NetworkName) -> Result<NetworkRecord, NetworkError> {
    let missing = || NetworkError::Missing { network: network.clone() };
    let _firewall = lock::firewall(layout)?;
    let record = record::load(layout, network)?.ok_or_else(missing)?;
    put_in_place(layout, &record)?;
    Ok(record)
}

/// Makes what stands for the network on the host, as far as it is missing.
fn put_in_place(layout: &Layout, record: &NetworkRecord) -> Result<(), NetworkError> {
    let mut socket = Socket::route()?;
    match record.options().attachment {
        Attachment::Bridge => bridge::ensure(&mut socket, record, &record.pools()?)?,
        Attachment::Macvlan { parent, .. } | Attachment::Ipvlan { parent, .. } => {
            return Ok(uplink::ensure(&mut socket, record, parent.as_deref())?);
        }
    }
    firewall::ensure(layout, record)
}

/// Removes a network and all it left on the host; missing parts are no error.
///
/// # Errors
/// If a container holds an address in it, or says which step could not be done.
pub fn remove(layout: &Layout, network: &NetworkName) -> Result<(), NetworkError> {
    let _lock = lock::network(layout, network)?;
    let _firewall = lock::firewall(layout)?;
    if lease::is_any_held(layout, network)? {
        return Err(NetworkError::InUse { network: network.clone() });
    }
    match record::load(layout, network)? {
        Some(record) => {
            take_away(layout, &record)?;
            note(layout, &record, NetworkAction::Destroy);
        }
        // What a `create` left that was interrupted before it wrote the record.
        None => remove_folder(&layout.network(network))?,
    }
    remove_unused_default(layout)
}

/// Tells who listens to events.
fn note(layout: &Layout, record: &NetworkRecord, action: NetworkAction) {
    let (name, labels) = (record.spec.name.clone(), record.spec.labels.clone());
    let driver = record.spec.driver.to_string();
    events::note(layout, EventObject::Network { id: record.id.clone(), name, driver, labels, action });
}

/// Tells who listens to events that a container has a place in a network, or has it no more.
pub(crate) fn note_place(layout: &Layout, network: &NetworkName, action: NetworkAction) {
    if let Ok(Some(record)) = record::load(layout, network) {
        note(layout, &record, action);
    }
}

/// The default network is nobody's to remove, so it goes when it is the only one left and unused.
fn remove_unused_default(layout: &Layout) -> Result<(), NetworkError> {
    match record::list(layout)?.as_slice() {
        [only]
            if only.spec.name.as_str() == DEFAULT_NETWORK
                && !lease::is_any_held(layout, &only.spec.name)? =>
        {
            take_away(layout, only)
        }
        _ => Ok(()),
    }
}

/// Undoes [`put_in_place`], then forgets the network. The record goes last, so that a removal that
/// was interrupted is found and repeated.
fn take_away(layout: &Layout, record: &NetworkRecord) -> Result<(), NetworkError> {
    let name = &record.spec.name;
    let is_last = !record::list(layout)?.iter().any(|other| other.id != record.id);
    firewall::remove_network(layout, record, is_last)?;
    let mut socket = Socket::route()?;
    match record.options().attachment {
        Attachment::Bridge => bridge::remove(&mut socket, record)?,
        Attachment::Macvlan { .. } | Attachment::Ipvlan { .. } => uplink::remove(&mut socket, record)?,
    }
    remove_folder(&layout.run_network(name))?;
    remove_folder(&layout.network(name))
}

/// Whether there is a network of that name.
pub fn exists(layout: &Layout, network: &NetworkName) -> bool {
    record::load(layout, network).is_ok_and(|record| record.is_some())
}

/// Removes the networks that nobody uses and that `is_wanted` picks, and returns their names. The
/// predefined one stays.
///
/// # Errors
/// Says which step could not be done.
pub fn prune(
    layout: &Layout,
    is_wanted: impl Fn(&ObservedNetwork) -> bool,
) -> Result<Vec<NetworkName>, NetworkError> {
    let mut removed = Vec::new();
    for network in list(layout)? {
        let name = &network.spec.name;
        if name.as_str() == DEFAULT_NETWORK || !is_wanted(&network) || is_wished_for(layout, name)? {
            continue;
        }
        match remove(layout, name) {
            Ok(()) => removed.push(name.clone()),
            Err(NetworkError::InUse { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}

/// Whether a container that never ran, and so holds no address, is to be in the network.
fn is_wished_for(layout: &Layout, network: &NetworkName) -> Result<bool, NetworkError> {
    for id in container::ids(layout).unwrap_or_default() {
        let record = container::load(layout, &id)?;
        let is_in = |mode: &NetworkMode| matches!(mode, NetworkMode::Networks { endpoints } if endpoints.iter().any(|e| e.network == *network));
        if record.is_some_and(|record| is_in(&record.spec.network)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn remove_folder(path: &Path) -> Result<(), NetworkError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(NetworkError::Store { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// All networks, by name.
///
/// # Errors
/// Says which record could not be read.
pub fn list(layout: &Layout) -> Result<Vec<ObservedNetwork>, NetworkError> {
    Ok(record::list(layout)?.into_iter().map(ObservedNetwork::from).collect())
}

/// [`ensure`] for the predefined network `bridge` that build steps and plain containers use.
///
/// It goes away with the last other network, or by [`remove`].
///
/// # Errors
/// Says which step could not be done.
pub fn ensure_default(layout: &Layout) -> Result<NetworkRecord, NetworkError> {
    let name = NetworkName::new(DEFAULT_NETWORK).expect("a constant that follows the rule");
    ensure(layout, &name)
}
