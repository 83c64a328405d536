//! `container pause` and `unpause`.

use super::Containers;
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use engine::container;
use std::process::ExitCode;

/// Options of `container pause`.
#[derive(Debug, Args)]
pub(crate) struct Pause {
    #[command(flatten)]
    names: Containers,
}

/// Options of `container unpause`.
#[derive(Debug, Args)]
pub(crate) struct Unpause {
    #[command(flatten)]
    names: Containers,
}

impl Pause {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        self.names.each(session, |layout, name| Ok(container::pause(layout, name)?))
    }
}

impl Unpause {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        self.names.each(session, |layout, name| Ok(container::unpause(layout, name)?))
    }
}
