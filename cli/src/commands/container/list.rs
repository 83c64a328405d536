//! `container ls`: lists containers.

use crate::args::ListFormat;
use clap::Args;

/// Options of `container ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Show stopped containers too
    #[arg(short, long)]
    all: bool,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Print in full what a table cuts short
    #[arg(long)]
    no_trunc: bool,
    /// Choose how the list is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ListFormat,
}
