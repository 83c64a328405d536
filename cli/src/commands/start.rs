//! `start`: starts containers that exist, dependencies first.

use crate::apply::execute::carry_out_within;
use crate::error::CommandError;
use crate::session::{Session, View, has_container};
use clap::Args;
use compose::plan::{self, ControlOptions};
use std::process::ExitCode;
use std::time::Duration;

/// Options of `start`.
#[derive(Debug, Default, Args)]
pub(crate) struct Start {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Wait until services are running or healthy
    #[arg(long)]
    wait: bool,
    /// Seconds to wait at most
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u32>,
}

impl Start {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let held = session.hold(&scope.name, View::Project)?;
        let services = scope.services(&self.services, &held.observed)?;
        if let Some(service) = services.iter().find(|service| !has_container(&held.observed, service)) {
            return Err(CommandError::NoContainer { service: service.to_string() });
        }
        let options = ControlOptions { services, wait: self.wait, ..ControlOptions::default() };
        let plan = plan::start(&scope.name, &held.observed, &options);
        let timeout = self.wait_timeout.filter(|_| self.wait);
        let timeout = timeout.map(|seconds| Duration::from_secs(seconds.into()));
        carry_out_within(session, &held.layout, plan, "start", timeout)?;
        Ok(ExitCode::SUCCESS)
    }
}
