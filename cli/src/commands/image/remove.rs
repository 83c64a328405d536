//! `image rm`: removes images.

use clap::Args;

/// Options of `image rm`.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The images, by name or id
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// Remove images that containers were made from, and do not fail for missing ones
    #[arg(short, long)]
    force: bool,
}
