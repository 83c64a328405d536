//! `down`: stops and removes containers and networks.

use crate::args::StopTimeout;
use clap::Args;

/// Options of `down`.
#[derive(Debug, Default, Args)]
pub(crate) struct Down {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Remove named volumes of the file and anonymous volumes too
    #[arg(short, long)]
    volumes: bool,
    /// Remove containers of services that are no longer in the file
    #[arg(long)]
    remove_orphans: bool,
    /// How long containers have to stop.
    #[command(flatten)]
    timeout: StopTimeout,
}
