//! `stop`: stops containers, dependents first, and keeps them.

use crate::args::StopTimeout;
use clap::Args;

/// Options of `stop`.
#[derive(Debug, Default, Args)]
pub(crate) struct Stop {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// How long containers have to stop.
    #[command(flatten)]
    timeout: StopTimeout,
}
