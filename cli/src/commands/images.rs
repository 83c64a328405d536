//! `images`: lists the images that the project's containers were made from.

use crate::args::ListFormat;
use clap::Args;

/// Options of `images`.
#[derive(Debug, Default, Args)]
pub(crate) struct Images {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Choose how the list is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ListFormat,
}
