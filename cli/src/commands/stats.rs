//! `stats`: shows what containers use.

use crate::args::StatsFlags;
use crate::error::CommandError;
use crate::session::{Session, is_of_any};
use crate::usage;
use clap::Args;
use std::process::ExitCode;

/// Options of `stats`.
#[derive(Debug, Default, Args)]
pub(crate) struct Stats {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// How it is shown.
    #[command(flatten)]
    flags: StatsFlags,
}

impl Stats {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let show = self.flags.show(session);
        usage::print(&layout, &show, || {
            let (_, observed) = session.look(Some(&scope.name))?;
            let shown = observed.containers.into_iter().filter(|container| {
                (self.flags.all || container.status.is_running()) && is_of_any(container, &services)
            });
            Ok(shown.map(|container| (container.id, container.spec.name)).collect())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
