//! `container wait`.

use super::Containers;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::container::{self, WaitError};
use std::process::ExitCode;

/// Options of `container wait`.
#[derive(Debug, Args)]
pub(crate) struct Wait {
    #[command(flatten)]
    names: Containers,
}

/// What is printed where nobody saw how a container ended.
const UNSEEN: i32 = 255;

impl Wait {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        self.names.each_told(session, |layout, name, _| {
            let code = match container::wait_exit(layout, name) {
                // As docker: it has no exit code yet.
                Err(WaitError::NotStarted { .. }) => 0,
                code => code?.unwrap_or(UNSEEN),
            };
            output::print_lines([code])
        })
    }
}
