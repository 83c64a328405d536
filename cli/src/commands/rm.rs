//! `rm`: removes stopped containers.

use clap::Args;

/// Options of `rm`.
#[derive(Debug, Default, Args)]
pub(crate) struct Rm {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Do not ask first
    #[arg(short, long)]
    force: bool,
    /// Stop running containers first
    #[arg(short, long)]
    stop: bool,
    /// Remove anonymous volumes too
    #[arg(short, long)]
    volumes: bool,
}
