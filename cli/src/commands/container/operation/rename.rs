//! `container rename`.

use super::{One, OperationError};
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use engine::container;
use engine_spec::ContainerName;
use std::process::ExitCode;

/// Options of `container rename`.
#[derive(Debug, Args)]
pub(crate) struct Rename {
    #[command(flatten)]
    one: One,
    /// Its new name
    #[arg(value_name = "NAME")]
    name: ContainerName,
}

impl Rename {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, from) = self.one.find(session)?;
        container::rename(&layout, &from, &self.name).map_err(OperationError::from)?;
        Ok(ExitCode::SUCCESS)
    }
}
