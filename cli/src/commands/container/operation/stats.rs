//! `container stats`.

use super::prepared;
use crate::args::StatsFlags;
use crate::error::CommandError;
use crate::session::Session;
use crate::usage;
use clap::Args;
use engine::state::container::{resolve, resolve_name};
use std::process::ExitCode;

/// Options of `container stats`.
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Only these containers, by name, id or the start of an id
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
    /// How it is shown.
    #[command(flatten)]
    flags: StatsFlags,
}

impl Stats {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = prepared(session)?;
        let show = self.flags.show(session);
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
            let shown =
                observed.containers.into_iter().filter(|found| self.flags.all || found.status.is_running());
            Ok(shown.map(|container| (container.id, container.spec.name)).collect())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
