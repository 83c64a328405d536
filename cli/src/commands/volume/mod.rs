//! `volume …`: volumes of any project.

mod create;
mod list;
mod prune;
mod remove;

pub(super) use prune::prune_unused;

use super::inspect::InspectOne;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::inspect::Kind;
use clap::Subcommand;
use std::process::ExitCode;

/// What to do with volumes.
#[derive(Debug, Subcommand)]
pub(crate) enum Volume {
    /// Make a volume
    Create(create::Create),
    /// Print all there is to know of volumes as JSON
    Inspect(InspectOne),
    /// List volumes
    #[command(name = "ls", visible_alias = "list")]
    List(list::List),
    /// Remove volumes that no container uses
    Prune(prune::Prune),
    /// Remove volumes and their data
    #[command(name = "rm", visible_alias = "remove")]
    Remove(remove::Remove),
}

impl Volume {
    /// Does it.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        match self {
            Self::Create(command) => command.run(session),
            Self::Inspect(command) => command.run(session, Kind::Volume),
            Self::List(command) => command.run(session),
            Self::Prune(command) => command.run(session),
            Self::Remove(command) => command.run(session),
        }
    }
}
