//! `plan`: prints what `up` would do, and why.

use super::converge::Converge;
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use compose::load::Depth;
use std::process::ExitCode;

/// Options of `plan`.
#[derive(Debug, Default, Args)]
pub(crate) struct Plan {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// What would be built, fetched and replaced.
    #[command(flatten)]
    converge: Converge,
}

impl Plan {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let project = session.project(Depth::Contents)?;
        self.converge.of(session, &project, &self.services)?.print()?;
        Ok(ExitCode::SUCCESS)
    }
}
