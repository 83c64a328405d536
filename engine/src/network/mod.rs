//! Networks of containers: bridges, addresses, names, published ports and the firewall.
//!
//! ```text
//! create/ensure ── ipam (pure) ── record ── bridge ── firewall ── ruleset (pure) ── nft
//! start of a container ── lease ── endpoint::connect (host) ── endpoint::configure (inside)
//!                         port::publish ── names::announce ── resolver::DnsService (supervisor)
//! ```
//! Decisions are pure; effects are one netlink batch each, and `ensure` repeats them without harm,
//! so that a network comes back after a reboot or `nft flush ruleset`.

pub mod endpoint;
pub mod hosts;
pub mod lease;
pub mod names;
pub mod port;
pub mod record;
pub mod resolv_conf;
pub mod resolver;

pub use hosts::hosts;
pub use record::NetworkRecord;
pub use resolv_conf::resolv_conf;

use crate::state::Layout;
use engine_spec::{NetworkName, NetworkSpec, ObservedNetwork};

/// A network could not be made, repaired, listed or removed.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// There is no such network.
    #[error("network {network} does not exist")]
    Missing {
        /// Which.
        network: NetworkName,
    },
}

/// Makes a network, or returns the one of that name that exists.
///
/// # Errors
/// Says which step could not be done.
pub fn create(_layout: &Layout, _spec: &NetworkSpec) -> Result<ObservedNetwork, NetworkError> {
    todo!()
}

/// Brings a network's bridge and rules back, if they are missing.
///
/// # Errors
/// Says which step could not be done.
pub fn ensure(_layout: &Layout, _network: &NetworkName) -> Result<NetworkRecord, NetworkError> {
    todo!()
}

/// Removes a network and all it left on the host; missing parts are no error.
///
/// # Errors
/// Says which step could not be done.
pub fn remove(_layout: &Layout, _network: &NetworkName) -> Result<(), NetworkError> {
    todo!()
}

/// All networks, by name.
///
/// # Errors
/// Says which record could not be read.
pub fn list(_layout: &Layout) -> Result<Vec<ObservedNetwork>, NetworkError> {
    todo!()
}

/// Makes the predefined network `bridge` that build steps and plain containers use.
///
/// It goes away with the last other network, or by [`remove`].
///
/// # Errors
/// Says which step could not be done.
pub fn ensure_default(_layout: &Layout) -> Result<NetworkRecord, NetworkError> {
    todo!()
}
