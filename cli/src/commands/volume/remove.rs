//! `volume rm`: removes volumes and their data.

use crate::commands::each::each;
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
    volumes: Vec<String>,
    /// Do not fail for missing ones
    #[arg(short, long)]
    force: bool,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let existing: BTreeSet<_> =
            volume::list(&layout)?.into_iter().map(|volume| volume.spec.name).collect();
        each(&self.volumes, &session.terminal, |text| {
            let name = VolumeName::new(text)?;
            if existing.contains(&name) {
                volume::remove(&layout, &name)?;
            } else if !self.force {
                return Err(CommandError::NoSuchVolume(name));
            }
            // As docker: what is to be gone by all means is named, whether or not it was there.
            output::print_lines([name])
        })
    }
}
