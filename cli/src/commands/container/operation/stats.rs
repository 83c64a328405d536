//! `container stats`.

use super::prepared;
use crate::error::CommandError;
use crate::habits::Habit;
use crate::session::Session;
use crate::show::format::Format;
use crate::usage::{self, Show};
use clap::Args;
use engine::state::container::{resolve, resolve_name};
use std::process::ExitCode;

/// Options of `container stats`.
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Only these containers, by name, id or the start of an id
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
    /// Show stopped containers too
    #[arg(short, long)]
    all: bool,
    /// Print as `json`, or each container through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Print once and return
    #[arg(long)]
    no_stream: bool,
    /// Print in full what a table cuts short
    #[arg(long)]
    no_trunc: bool,
}

impl Stats {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = prepared(session)?;
        let show = Show {
            format: session.format(self.format, Habit::Stats),
            once: self.no_stream,
            is_full: self.no_trunc,
        };
        let named: Vec<_> = self
            .containers
            .iter()
            .map(|text| Ok((resolve(&layout, text)?, resolve_name(&layout, text)?)))
            .collect::<Result<_, CommandError>>()?;
        usage::print(&layout, &show, || {
            if !named.is_empty() {
                return Ok(named.clone());
            }
            let (_, observed) = session.look(None)?;
            let shown = observed.containers.into_iter().filter(|found| self.all || found.status.is_running());
            Ok(shown.map(|container| (container.id, container.spec.name)).collect())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
