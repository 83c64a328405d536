//! `restart`: stops and starts containers as they are.

use crate::args::StopTimeout;
use clap::Args;

/// Options of `restart`.
#[derive(Debug, Default, Args)]
pub(crate) struct Restart {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Leave out services that follow a restart of what they depend on
    #[arg(long)]
    no_deps: bool,
    /// How long containers have to stop.
    #[command(flatten)]
    timeout: StopTimeout,
}
