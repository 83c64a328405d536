//! Registries: fetching images from them and sending images to them.
//!
//! The OCI distribution protocol over HTTP: manifests by tag or digest, blobs by digest, a token per
//! repository. The only asynchronous module of the engine; unpacking blocks and runs beside it.
//!
//! ```text
//! Registries: reference -> endpoints in order (mirrors, then the registry itself), logins
//! Connection: one of an endpoint's ways, authorization, retries, the registry's own words
//! Client:     what can be asked of a repository: documents, blobs, tags
//! pull:       manifest -> configuration -> layers, three at a time: fetch | inflate | hash and unpack
//! push:       layers, compressed in turn, sent five at a time -> configuration -> manifest
//! ```

mod registries;

mod credentials;
mod endpoint;
mod helper;
mod trust;

mod authorization;
mod client;
mod connection;
mod error;

mod chunks;
mod download;
mod fetch;
mod list;
mod login;
mod pull;
mod push;
mod upload;

pub use credentials::{Credentials, Logins};
pub use download::download;
pub use error::RegistryError;
pub use helper::HelperError;
pub use list::{ListError, Match, search, tags};
pub use login::{Kept, LoginError, forget, keep, try_login};
pub use pull::{PullError, pull, resolve};
pub use push::{PushError, push};
pub use registries::{Registries, RegistriesError};

use client::{Access, Client};
use engine_spec::{Digest, ImageReference};
use std::time::Duration;

/// How far a pull or push has come.
///
/// As with Docker, a pull knows its layers by their blobs, which is what the registry lists, and a push by
/// their diff ids, since their blobs may be yet to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The manifest is known: so much there is to do.
    Started {
        /// All layers, bottom first, with the size of what travels, in bytes, as far as it is known.
        layers: Vec<(Digest, u64)>,
    },
    /// A layer has been compressed: so much of it there is to send.
    Sized {
        /// Which layer.
        layer: Digest,
        /// The size of its blob, in bytes.
        bytes: u64,
    },
    /// Bytes of a layer have travelled.
    Transferred {
        /// Which layer.
        layer: Digest,
        /// So many so far.
        bytes: u64,
    },
    /// A layer is where it should be; also reported for one that was there already.
    Done {
        /// Which layer.
        layer: Digest,
        /// Whether nothing had to travel.
        existed: bool,
    },
    /// A request failed and is tried again.
    Retrying {
        /// Why, in one line.
        reason: String,
    },
}

/// Whether any endpoint that `reference` may come from answers within `limit`.
///
/// An answer of any kind counts, a demand for credentials too.
pub async fn is_reachable(registries: &Registries, reference: &ImageReference, limit: Duration) -> bool {
    let probe = async {
        for endpoint in registries.pull_endpoints(reference.registry()) {
            if let Ok(client) = Client::connect(&endpoint, reference.repository(), Access::Pull).await
                && client.answers().await
            {
                return true;
            }
        }
        false
    };
    tokio::time::timeout(limit, probe).await.unwrap_or(false)
}

#[cfg(test)]
mod tests;
