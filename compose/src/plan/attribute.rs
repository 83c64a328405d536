//! Attribute values that pass as text but mean nothing to the engine.

use engine_spec::{CacheTextError, NameError, ReferenceError};

/// A value of a service, network or volume that the engine has no meaning for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// A real name breaks the rule of its kind.
    #[error(transparent)]
    Name(#[from] NameError),
    /// `image` or a build tag is not an image name.
    #[error(transparent)]
    Image(#[from] ReferenceError),
    /// An image to be mounted is not there.
    #[error("the image {0} is to be mounted and is not there: it could not be fetched or built")]
    MountedImage(String),
    /// What names a build cache cannot be read.
    #[error("`{value}` is not valid for {attribute}: {source}")]
    Cache {
        /// The attribute.
        attribute: &'static str,
        /// What it is.
        value: String,
        /// Why.
        source: CacheTextError,
    },
    /// Anything else.
    #[error("`{value}` is not valid for {attribute}: expected {expected}")]
    Value {
        /// The attribute (`ports.host_ip`).
        attribute: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}
