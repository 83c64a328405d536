//! `container create`: makes a container without starting it.

use super::making::Making;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use std::process::ExitCode;

/// Options of `container create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The container.
    #[command(flatten)]
    making: Making,
    /// Accepted for docker; `container start -a` connects
    #[arg(short, long, hide = true)]
    attach: Vec<String>,
}

impl Create {
    pub(super) fn run(mut self, session: &Session) -> Result<ExitCode, CommandError> {
        output::print_lines([self.making.make(session)?.id])?;
        Ok(ExitCode::SUCCESS)
    }
}
