//! `logout`: forgets a registry's credentials.

use super::image::ImageCommandError;
use super::login::{registry_of, settings};
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::image::registry;
use std::process::ExitCode;

/// Options of `logout`.
#[derive(Debug, Args)]
pub(crate) struct Logout {
    /// The registry [default: Docker Hub]
    #[arg(value_name = "SERVER")]
    server: Option<String>,
}

impl Logout {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let registries = settings(session)?;
        let registry = registry_of(self.server.as_deref());
        let had = registry::forget(&registries, registry).map_err(ImageCommandError::from)?;
        let line = if had { "Removing login credentials for" } else { "Not logged in to" };
        output::print_lines([format!("{line} {registry}")])?;
        Ok(ExitCode::SUCCESS)
    }
}
