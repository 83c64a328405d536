//! `container kill`.

use super::{Containers, OperationError};
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use engine::container::{self, Signal};
use std::process::ExitCode;

/// Options of `container kill`.
#[derive(Debug, Args)]
pub(crate) struct Kill {
    #[command(flatten)]
    names: Containers,
    /// The signal, by name or number
    #[arg(short, long, value_name = "SIGNAL", default_value = "KILL")]
    signal: String,
}

impl Kill {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let signal: Signal = self.signal.parse().map_err(OperationError::from)?;
        self.names.each(session, |layout, name| Ok(container::kill(layout, name, signal)?))
    }
}
