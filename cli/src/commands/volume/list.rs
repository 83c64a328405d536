//! `volume ls`: lists volumes.

use crate::error::CommandError;
use crate::format::{Columns, Format, Row};
use crate::output;
use crate::session::Session;
use crate::table;
use clap::Args;
use engine::volume;
use engine_spec::Labels;
use serde::Serialize;
use std::process::ExitCode;

/// Options of `volume ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
    /// Print as `json`, or each volume through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

const COLUMNS: Columns = Columns {
    table: "{{.Driver}}\t{{.Name}}",
    names: &[
        ("Driver", "DRIVER"),
        ("Name", "VOLUME NAME"),
        ("Mountpoint", "MOUNTPOINT"),
        ("Labels", "LABELS"),
    ],
    least_width: table::NARROW,
};

/// A volume with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    driver: String,
    labels: String,
    mountpoint: String,
    name: String,
    #[serde(skip)]
    label_values: Labels,
}

impl Row for Listed {
    fn labels(&self) -> Option<&Labels> {
        Some(&self.label_values)
    }
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
            label_values: volume.spec.labels,
        });
        self.format.unwrap_or_default().print_rows(&COLUMNS, listed)?;
        Ok(ExitCode::SUCCESS)
    }
}
