//! `down`: stops and removes containers and networks.

use crate::args::StopTimeout;
use crate::error::CommandError;
use crate::execute::carry_out;
use crate::session::{Session, View};
use crate::watch;
use clap::Args;
use compose::plan::{self, DownOptions};
use std::process::ExitCode;

/// Options of `down`.
#[derive(Debug, Default, Args)]
pub(crate) struct Down {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Remove named volumes of the file and anonymous volumes too
    #[arg(short, long)]
    volumes: bool,
    /// Remove containers of services that are no longer in the file
    #[arg(long)]
    remove_orphans: bool,
    /// How long containers have to stop.
    #[command(flatten)]
    timeout: StopTimeout,
}

impl Down {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        if self.services.is_empty() {
            // Before the lock, for which a watcher that rebuilds may be waiting.
            watch::end(&session.layout()?, &scope.name)?;
        }
        let held = session.hold(&scope.name, View::Project)?;
        let options = DownOptions {
            services: scope.services(&self.services, &held.observed)?,
            remove_orphans: self.remove_orphans || session.is_switched_on("COMPOSE_REMOVE_ORPHANS"),
            volumes: self.volumes,
            timeout: self.timeout.duration(),
            ..DownOptions::default()
        };
        let plan = plan::down(&scope.name, scope.project.as_ref(), &held.observed, &options);
        carry_out(session, &held.layout, plan, "down")?;
        Ok(ExitCode::SUCCESS)
    }
}
