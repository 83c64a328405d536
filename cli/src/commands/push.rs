//! `push`: sends the built images of services to their registries.

use clap::Args;

/// Options of `push`.
#[derive(Debug, Default, Args)]
pub(crate) struct Push {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
    /// Push what can be pushed
    #[arg(long)]
    ignore_push_failures: bool,
}
