//! `start`: starts containers that exist, dependencies first.

use crate::error::CommandError;
use crate::execute::carry_out;
use crate::session::{Session, View, has_container};
use clap::Args;
use compose::plan::{self, ControlOptions};
use std::process::ExitCode;

/// Options of `start`.
#[derive(Debug, Default, Args)]
pub(crate) struct Start {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
}

impl Start {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let held = session.hold(&scope.name, View::Project)?;
        let services = scope.services(&self.services, &held.observed)?;
        if let Some(service) = services.iter().find(|service| !has_container(&held.observed, service)) {
            return Err(CommandError::NoContainer { service: service.to_string() });
        }
        let options = ControlOptions { services, ..ControlOptions::default() };
        let plan = plan::start(&scope.name, &held.observed, &options);
        carry_out(session, &held.layout, plan, "start")?;
        Ok(ExitCode::SUCCESS)
    }
}
