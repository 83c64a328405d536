//! `container …`: containers of any project.

mod create;
pub(super) mod flags;
mod list;
mod making;
mod operation;
mod run;
mod start;

pub(crate) use flags::FlagError;
pub(crate) use operation::OperationError;

use super::inspect::InspectOne;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::inspect::Kind;
use clap::Subcommand;
use std::process::ExitCode;

/// What to do with containers.
#[derive(Debug, Subcommand)]
pub(crate) enum Container {
    /// Make a container and start it
    Run(Box<run::Run>),
    /// Make a container
    Create(Box<create::Create>),
    /// Start containers
    Start(start::Start),
    /// List containers
    #[command(name = "ls", visible_aliases = ["list", "ps"])]
    List(list::List),
    /// Print all there is to know of containers as JSON
    Inspect(InspectOne),
    /// Do something with containers that exist.
    #[command(flatten)]
    Operation(operation::Operation),
}

impl Container {
    /// Whether it only looks.
    pub(super) fn keeps_dry_run(&self) -> bool {
        match self {
            Self::List(_) | Self::Inspect(_) => true,
            Self::Run(_) | Self::Create(_) | Self::Start(_) => false,
            Self::Operation(operation) => operation.keeps_dry_run(),
        }
    }

    /// Does it.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        match self {
            Self::Run(command) => command.run(session),
            Self::Create(command) => command.run(session),
            Self::Start(command) => command.run(session),
            Self::List(command) => command.run(session),
            Self::Inspect(command) => command.run(session, Kind::Container),
            Self::Operation(operation) => operation.run(session),
        }
    }
}
