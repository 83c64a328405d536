//! `container …`: containers of any project.

mod inspect;
mod list;

use crate::error::CommandError;
use crate::session::Session;
use clap::Subcommand;
use std::process::ExitCode;

/// What to do with containers.
#[derive(Debug, Subcommand)]
pub(crate) enum Container {
    /// List containers
    #[command(name = "ls", visible_alias = "list")]
    List(list::List),
    /// Print all there is to know of containers as JSON
    Inspect(inspect::Inspect),
}

impl Container {
    /// Does it.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        match self {
            Self::List(command) => command.run(session),
            Self::Inspect(command) => command.run(session),
        }
    }
}
