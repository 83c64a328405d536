//! `volume ls`: lists volumes.

use crate::args::ListFormat;
use crate::error::CommandError;
use crate::output;
use crate::session::Session;
use crate::table::{self, Table};
use clap::Args;
use engine::volume;
use serde::Serialize;
use std::process::ExitCode;

/// Options of `volume ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
    /// Choose how the list is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ListFormat,
}

/// A volume with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    driver: String,
    labels: String,
    mountpoint: String,
    name: String,
}

impl List {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let volumes = volume::list(&layout)?;
        if self.quiet {
            output::print_lines(volumes.iter().map(|volume| &volume.spec.name))?;
            return Ok(ExitCode::SUCCESS);
        }
        let listed = volumes.into_iter().map(|volume| Listed {
            driver: volume.spec.driver,
            labels: volume
                .spec
                .labels
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join(","),
            mountpoint: volume::data(&layout, &volume.spec.name).display().to_string(),
            name: volume.spec.name.to_string(),
        });
        match self.format {
            ListFormat::Json => output::print_json_lines(listed)?,
            ListFormat::Table => {
                let mut table = Table::new(table::NARROW, ["DRIVER", "VOLUME NAME"]);
                listed.for_each(|volume| table.row([volume.driver, volume.name]));
                output::print(&table.render())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
