//! `image push`: sends one image to its registry.

use clap::Args;
use engine_spec::ImageReference;

/// Options of `image push`.
#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The image; its name says which registry
    #[arg(value_name = "NAME")]
    image: ImageReference,
    /// Print the image's name only
    #[arg(short, long)]
    quiet: bool,
}
