//! Fetching an image.
use super::{Progress, Registries};
use crate::image::{Image, Store, StoreError};
use engine_spec::{ImageReference, Platform};

/// An image could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The store refused it.
    #[error("cannot store {reference}")]
    Store {
        /// Which image.
        reference: ImageReference,
        /// Why.
        #[source]
        source: StoreError,
    },
}

/// Fetches an image and names it; what is in the store already is not fetched again.
///
/// # Errors
/// Names the image, the host that was asked, and what it or the network said.
pub async fn pull(
    _store: &Store,
    _reference: &ImageReference,
    _platform: &Platform,
    _registries: &Registries,
    _progress: &(dyn Fn(Progress) + Sync),
) -> Result<Image, PullError> {
    todo!()
}
