//! `kill`: sends a signal to running containers.

use clap::Args;

/// Options of `kill`.
#[derive(Debug, Args)]
pub(crate) struct Kill {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Send this signal, by name or number
    #[arg(short, long, value_name = "SIGNAL", default_value = "SIGKILL")]
    signal: String,
}
