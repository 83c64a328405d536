//! Why a command of `image`, or a login, failed.

use engine::image::archive::{LoadError, SaveError};
use engine::image::registry::{ListError, LoginError, RegistryError};
use engine_spec::ReferenceError;
use std::path::PathBuf;

/// Why a command of `image`, or a login, failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageCommandError {
    /// An archive was not loaded.
    #[error("cannot load {path}")]
    Load {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<LoadError>,
    },
    /// An archive was not written.
    #[error("cannot save images")]
    Save(#[source] Box<SaveError>),
    /// Standard input is a terminal.
    #[error("there is no archive: redirect one to standard input, or name it with --input")]
    NoInput,
    /// A registry was not asked.
    #[error(transparent)]
    List(#[from] ListError),
    /// A file was not fetched.
    #[error("cannot fetch {address}")]
    Download {
        /// Where it is.
        address: String,
        /// Why.
        #[source]
        source: Box<RegistryError>,
    },
    /// Nobody was logged in or out.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// A name with a tag where all tags are meant.
    #[error("{0} has a tag, and --all-tags means all of them")]
    TagWithAll(String),
    /// A name.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// There is something wrong with the store.
    #[error(
        "{0} damaged: remove the images that use them with `lighter image rm`, and pull or build them again"
    )]
    Damaged(String),
    /// A password is to come from two places, or none.
    #[error("{0}")]
    Password(&'static str),
}
