//! Registries: fetching images from them and sending images to them.
//!
//! The OCI distribution protocol over HTTP: manifests by tag or digest, blobs by digest, a token per
//! repository. The only asynchronous module of the engine; unpacking blocks and runs beside it.
//! Where a registry is and how it is spoken to, [`Registries`] says.

mod pull;
mod push;
mod registries;

pub use pull::{PullError, pull};
pub use push::{PushError, push};
pub use registries::{Registries, RegistriesError};

use engine_spec::Digest;

/// How far a pull or push has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The manifest is known: so much there is to do.
    Started {
        /// All layers, bottom first, with the size of what travels, in bytes.
        layers: Vec<(Digest, u64)>,
    },
    /// Bytes of a layer have travelled.
    Transferred {
        /// Which layer: the digest of its blob.
        layer: Digest,
        /// So many so far.
        bytes: u64,
    },
    /// A layer is where it should be; also reported for one that was there already.
    Done {
        /// Which layer: the digest of its blob.
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
