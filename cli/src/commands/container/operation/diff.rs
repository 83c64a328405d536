//! `container diff`.

use super::{One, OperationError};
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::container;
use std::process::ExitCode;

/// Options of `container diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    #[command(flatten)]
    one: One,
}

impl Diff {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, name) = self.one.find(session)?;
        let changes = container::diff(&layout, &name).map_err(OperationError::from)?;
        output::print_lines(
            changes.iter().map(|change| format!("{} {}", change.kind.letter(), change.path.display())),
        )?;
        Ok(ExitCode::SUCCESS)
    }
}
