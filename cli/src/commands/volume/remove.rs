//! `volume rm`: removes volumes and their data.

use clap::Args;
use engine_spec::VolumeName;

/// Options of `volume rm`.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The volumes
    #[arg(value_name = "VOLUME", required = true)]
    volumes: Vec<VolumeName>,
    /// Do not fail for missing ones
    #[arg(short, long)]
    force: bool,
}
