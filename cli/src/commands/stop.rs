//! `stop`: stops containers, dependents first, and keeps them.

use crate::apply::execute::carry_out;
use crate::args::StopTimeout;
use crate::error::CommandError;
use crate::provider;
use crate::session::{Session, View};
use clap::Args;
use compose::plan::{self, ControlOptions};
use std::process::ExitCode;

/// Options of `stop`.
#[derive(Debug, Default, Args)]
pub(crate) struct Stop {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// How long containers have to stop.
    #[command(flatten)]
    timeout: StopTimeout,
}

impl Stop {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let held = session.hold(&scope.name, View::Project)?;
        let services = scope.services(&self.services, &held.observed)?;
        let options =
            ControlOptions { services, timeout: self.timeout.duration(), ..ControlOptions::default() };
        let plan = plan::stop(&scope.name, &held.observed, &options);
        carry_out(session, &held.layout, plan, "stop")?;
        provider::stop(session, &scope, &options.services)?;
        Ok(ExitCode::SUCCESS)
    }
}
