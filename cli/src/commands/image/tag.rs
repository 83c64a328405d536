//! `image tag`: gives an image another name.

use clap::Args;
use engine_spec::ImageReference;

/// Options of `image tag`.
#[derive(Debug, Args)]
pub(crate) struct Tag {
    /// The image, by name or id
    #[arg(value_name = "IMAGE")]
    image: String,
    /// The other name
    #[arg(value_name = "NAME")]
    name: ImageReference,
}
