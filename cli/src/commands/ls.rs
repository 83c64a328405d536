//! `ls`: lists projects.

use crate::args::ListFormat;
use clap::Args;

/// Options of `ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct Ls {
    /// Show stopped projects too
    #[arg(short, long)]
    all: bool,
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
    /// Choose how the list is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ListFormat,
}
