//! `network ls`: lists networks.

use crate::args::ListFormat;
use clap::Args;

/// Options of `network ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Print ids in full
    #[arg(long)]
    no_trunc: bool,
    /// Choose how the list is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ListFormat,
}
