//! `start`: starts containers that exist, dependencies first.

use clap::Args;

/// Options of `start`.
#[derive(Debug, Default, Args)]
pub(crate) struct Start {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
}
