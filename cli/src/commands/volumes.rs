//! `volumes`: lists the volumes of the project.

use crate::error::CommandError;
use crate::habits::Habit;
use crate::session::{Session, is_of_any};
use crate::show::format::Format;
use crate::show::output;
use crate::show::volumes::{COLUMNS, ListedVolume};
use clap::Args;
use engine_spec::{Labels, ObservedVolume, VolumeName, compose_label};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Options of `volumes`.
#[derive(Debug, Default, Args)]
pub(crate) struct Volumes {
    /// Only the volumes that containers of these services use
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
    /// Print as `json`, or each volume through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

impl Volumes {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let users = observed.containers.iter().filter(|container| is_of_any(container, &services));
        let used: BTreeSet<&VolumeName> = users.flat_map(|container| container.volumes.values()).collect();
        let is_listed = |volume: &&ObservedVolume| {
            let of_project = label(&volume.spec.labels, compose_label::PROJECT) == Some(scope.name.as_str());
            of_project && (services.is_empty() || used.contains(&volume.spec.name))
        };
        let volumes = observed.volumes.iter().filter(is_listed);
        if self.quiet {
            output::print_lines(volumes.map(|volume| &volume.spec.name))?;
            return Ok(ExitCode::SUCCESS);
        }
        let listed = volumes.map(|volume| ListedVolume::new(&layout, volume));
        session.format(self.format, Habit::Volumes).print_rows(&COLUMNS, listed)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn label<'a>(labels: &'a Labels, key: &str) -> Option<&'a str> {
    labels.get(key).map(String::as_str)
}
