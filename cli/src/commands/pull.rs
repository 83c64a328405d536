//! `pull`: fetches the images of services.

use clap::{Args, ValueEnum};

/// Options of `pull`.
#[derive(Debug, Default, Args)]
pub(crate) struct Pull {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
    /// Fetch the images of what the services depend on too
    #[arg(long)]
    include_deps: bool,
    /// Leave out images that can be built
    #[arg(long)]
    ignore_buildable: bool,
    /// Fetch what can be fetched
    #[arg(long)]
    ignore_pull_failures: bool,
    /// Choose when images are fetched
    #[arg(long, value_enum, value_name = "WHEN")]
    policy: Option<Policy>,
}

/// When `pull` fetches an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// When it is not there
    Missing,
    /// Every time
    Always,
}
