//! An image of what a container has become: its image's layers, and its changes as one more.

use super::NoSuchContainer;
use crate::state::Layout;
use engine_spec::{ContainerName, Digest, ImageReference};

/// How to make the image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitOptions {
    /// Who made it.
    pub author: Option<String>,
    /// What was done.
    pub message: Option<String>,
    /// Instructions of a Dockerfile that change how it is run (`CMD ["nginx"]`).
    pub changes: Vec<String>,
    /// Freeze the container meanwhile.
    pub pause: bool,
}

/// An image could not be made of a container.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
}

/// Makes an image of a container, and returns its id.
///
/// # Errors
/// Says why not.
#[expect(clippy::todo, reason = "lands within the hour")]
pub fn commit(
    layout: &Layout,
    name: &ContainerName,
    reference: Option<&ImageReference>,
    options: &CommitOptions,
) -> Result<Digest, CommitError> {
    let _ = (layout, name, reference, options);
    todo!("lands within the hour")
}
