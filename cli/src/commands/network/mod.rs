//! `network …`: networks of any project.

mod list;

use crate::error::CommandError;
use crate::session::Session;
use clap::Subcommand;
use std::process::ExitCode;

/// What to do with networks.
#[derive(Debug, Subcommand)]
pub(crate) enum Network {
    /// List networks
    #[command(name = "ls", visible_alias = "list")]
    List(list::List),
}

impl Network {
    /// Does it.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        match self {
            Self::List(command) => command.run(session),
        }
    }
}
