//! `volume …`: volumes of any project.

mod list;
mod remove;

use crate::error::CommandError;
use crate::session::Session;
use clap::Subcommand;
use std::process::ExitCode;

/// What to do with volumes.
#[derive(Debug, Subcommand)]
pub(crate) enum Volume {
    /// List volumes
    #[command(name = "ls", visible_alias = "list")]
    List(list::List),
    /// Remove volumes and their data
    #[command(name = "rm", visible_alias = "remove")]
    Remove(remove::Remove),
}

impl Volume {
    /// Does it.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        match self {
            Self::List(command) => command.run(session),
            Self::Remove(command) => command.run(session),
        }
    }
}
