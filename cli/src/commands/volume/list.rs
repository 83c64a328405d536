//! `volume ls`: lists volumes.

use crate::error::CommandError;
use crate::filter::{Filter, Filters, is_boolean, is_true};
use crate::habits::Habit;
use crate::session::Session;
use crate::show::format::Format;
use crate::show::output;
use crate::show::volumes::{COLUMNS, ListedVolume};
use clap::Args;
use engine_spec::VolumeName;
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

impl List {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let filters = Filters::new(&self.filter, &["dangling", "driver", "label", "label!", "name"])?;
        filters.check("dangling", "true or false", is_boolean)?;
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
                && filters.allow("dangling", |dangling| is_true(dangling) != is_used(&spec.name))
        });
        if self.quiet {
            output::print_lines(volumes.iter().map(|volume| &volume.spec.name))?;
            return Ok(ExitCode::SUCCESS);
        }
        let listed = volumes.iter().map(|volume| ListedVolume::new(&layout, volume));
        session.format(self.format, Habit::Volumes).print_rows(&COLUMNS, listed)?;
        Ok(ExitCode::SUCCESS)
    }
}
