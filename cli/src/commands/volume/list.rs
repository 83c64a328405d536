//! `volume ls`: lists volumes.

use crate::args::ListFormat;
use clap::Args;

/// Options of `volume ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
    /// Choose how the list is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ListFormat,
}
