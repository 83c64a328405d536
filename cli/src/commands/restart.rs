//! `restart`: stops and starts containers as they are.

use crate::apply::execute::carry_out;
use crate::args::StopTimeout;
use crate::error::CommandError;
use crate::session::{Session, View};
use clap::Args;
use compose::plan::{self, ControlOptions};
use std::process::ExitCode;

/// Options of `restart`.
#[derive(Debug, Default, Args)]
pub(crate) struct Restart {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Leave out services that follow a restart of what they depend on
    #[arg(long)]
    no_deps: bool,
    /// How long containers have to stop.
    #[command(flatten)]
    timeout: StopTimeout,
}

impl Restart {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let held = session.hold(&scope.name, View::Project)?;
        let services = scope.services(&self.services, &held.observed)?;
        let options = ControlOptions {
            services,
            timeout: self.timeout.duration(),
            no_dependents: self.no_deps,
            ..ControlOptions::default()
        };
        let plan = plan::restart(&scope.name, &held.observed, &options);
        carry_out(session, &held.layout, plan, "restart")?;
        Ok(ExitCode::SUCCESS)
    }
}
