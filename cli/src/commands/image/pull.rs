//! `image pull`: fetches one image.

use clap::Args;
use engine_spec::ImageReference;

/// Options of `image pull`.
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// The image, such as `redis:7` or `localhost:5000/app`
    #[arg(value_name = "NAME")]
    image: ImageReference,
    /// Print the image's name only
    #[arg(short, long)]
    quiet: bool,
}
