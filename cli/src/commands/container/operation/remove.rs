//! `container rm`.

use super::{Containers, OperationError, prepared};
use crate::commands::each::each;
use crate::error::CommandError;
use crate::report;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::container;
use engine::state::Layout;
use engine::state::container::{ResolveError, by_name, resolve_name, status};
use engine_spec::ContainerName;
use std::process::ExitCode;

/// Options of `container rm`.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    names: Containers,
    /// Kill those that run
    #[arg(short, long)]
    force: bool,
    /// Refused: links are not stored by name
    #[arg(short, long, hide = true)]
    link: bool,
    /// Remove their anonymous volumes too
    #[arg(short, long)]
    volumes: bool,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        if self.link {
            return Err(OperationError::NoLink.into());
        }
        let layout = prepared(session)?;
        each(&self.names.containers, &session.terminal, |text| {
            let name = match resolve_name(&layout, text) {
                // As docker: what is to be gone by all means is gone, which is worth a word.
                Err(error @ ResolveError::Unknown(_)) if self.force => {
                    report::failure(&error.into(), &session.terminal);
                    return Ok(());
                }
                name => name?,
            };
            if !self.force && is_running(&layout, &name)? {
                return Err(OperationError::Running(name.to_string()).into());
            }
            container::remove(&layout, &name, self.volumes).map_err(OperationError::from)?;
            output::print_lines([text])
        })
    }
}

fn is_running(layout: &Layout, name: &ContainerName) -> Result<bool, CommandError> {
    match by_name(layout, name) {
        Some(id) => Ok(!status(layout, &id)?.status.is_over()),
        None => Ok(false),
    }
}
