//! `system …`: the engine as a whole.

mod boot;
mod df;
mod events;
mod info;
mod prune;

use crate::error::CommandError;
use crate::session::Session;
use clap::Subcommand;
use std::process::ExitCode;

/// What to do with the engine.
#[derive(Debug, Subcommand)]
pub(crate) enum System {
    /// Start what shall run after the machine has started
    Boot(boot::Boot),
    /// Show how much room everything takes
    Df(df::Df),
    /// Print what happens
    Events(events::Events),
    /// Print what the engine and the host are
    Info(info::Info),
    /// Remove what is not used
    Prune(prune::Prune),
}

impl System {
    /// Does it.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        match self {
            Self::Boot(command) => command.run(session),
            Self::Df(command) => command.run(session),
            Self::Events(command) => command.run(session),
            Self::Info(command) => command.run(session),
            Self::Prune(command) => command.run(session),
        }
    }
}
