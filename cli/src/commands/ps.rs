//! `ps`: lists the containers of the project.

use crate::args::ListFormat;
use clap::{Args, ValueEnum};

/// Options of `ps`.
#[derive(Debug, Default, Args)]
pub(crate) struct Ps {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Show stopped containers too
    #[arg(short, long)]
    all: bool,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Print the names of services only
    #[arg(long = "services")]
    only_services: bool,
    /// Only containers in this state
    #[arg(long, value_enum, value_name = "STATE")]
    status: Vec<State>,
    /// Print in full what a table cuts short
    #[arg(long)]
    no_trunc: bool,
    /// Choose how the list is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ListFormat,
}

/// What a container does, in docker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Created,
    Running,
    Paused,
    Restarting,
    Exited,
}
