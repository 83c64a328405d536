//! `volume rm`: removes volumes and their data.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::volume;
use engine_spec::VolumeName;
use std::collections::BTreeSet;
use std::process::ExitCode;

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

impl Remove {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let existing: BTreeSet<_> =
            volume::list(&layout)?.into_iter().map(|volume| volume.spec.name).collect();
        for name in self.volumes {
            if existing.contains(&name) {
                volume::remove(&layout, &name)?;
                output::print_lines([name])?;
            } else if !self.force {
                return Err(CommandError::NoSuchVolume(name));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
