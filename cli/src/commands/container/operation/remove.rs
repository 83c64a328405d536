//! `container rm`.

use super::{Containers, OperationError};
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use engine::container;
use engine::state::Layout;
use engine::state::container::{by_name, status};
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
    /// Remove their anonymous volumes too
    #[arg(short, long)]
    volumes: bool,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        self.names.each(session, |layout, name| {
            if !self.force && is_running(layout, name)? {
                return Err(OperationError::Running(name.to_string()).into());
            }
            Ok(container::remove(layout, name, self.volumes).map_err(OperationError::from)?)
        })
    }
}

fn is_running(layout: &Layout, name: &ContainerName) -> Result<bool, CommandError> {
    match by_name(layout, name) {
        Some(id) => Ok(!status(layout, &id)?.status.is_over()),
        None => Ok(false),
    }
}
