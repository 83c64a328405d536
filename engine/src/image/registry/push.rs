//! Sending an image.
use super::{Progress, Registries};
use crate::image::{Image, Store, StoreError};
use engine_spec::{Digest, ImageReference};

/// An image could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The store could not give it.
    #[error("cannot read {reference} from the store")]
    Store {
        /// Which image.
        reference: ImageReference,
        /// Why.
        #[source]
        source: StoreError,
    },
}

/// Sends an image under a name; returns the digest of the manifest that was pushed.
///
/// # Errors
/// Names the image, the host, and what it or the network said.
pub async fn push(
    _store: &Store,
    _image: &Image,
    _reference: &ImageReference,
    _registries: &Registries,
    _progress: &(dyn Fn(Progress) + Sync),
) -> Result<Digest, PushError> {
    todo!()
}
