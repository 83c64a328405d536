//! `volume ls`: lists volumes.

use crate::error::CommandError;
use crate::filter::{Filter, Filters};
use crate::habits::Habit;
use crate::session::Session;
use crate::show::format::{Columns, Format, Row};
use crate::show::output;
use crate::show::table;
use clap::Args;
use engine::volume;
use engine_spec::{Labels, VolumeName};
use serde::Serialize;
use std::process::ExitCode;

/// Options of `volume ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
    /// Only those that fit (`name=data`, `label=a`, `driver=local`, `dangling=true`)
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
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
        let filters = Filters::new(&self.filter, &["dangling", "driver", "label", "label!", "name"])?;
        let (layout, observed) = session.look(None)?;
        let is_used = |name: &VolumeName| {
            observed.containers.iter().any(|container| container.volumes.values().any(|used| used == name))
        };
        let mut volumes = observed.volumes.clone();
        volumes.retain(|volume| {
            let spec = &volume.spec;
            filters.allow_labels(&spec.labels)
                && filters.allow("name", |name| spec.name.as_str().contains(name))
                && filters.allow("driver", |driver| spec.driver == driver)
                && filters
                    .allow("dangling", |dangling| matches!(dangling, "true" | "1") != is_used(&spec.name))
        });
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
        session.format(self.format, Habit::Volumes).print_rows(&COLUMNS, listed)?;
        Ok(ExitCode::SUCCESS)
    }
}
