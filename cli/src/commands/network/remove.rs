//! `network rm`: removes networks.

use super::{NetworkCommandError, find, is_predefined};
use crate::commands::each::each;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::network;
use std::process::ExitCode;

/// Options of `network rm`.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The networks, by name, id or the start of an id
    #[arg(value_name = "NETWORK", required = true)]
    networks: Vec<String>,
    /// Do not fail for missing ones
    #[arg(short, long)]
    force: bool,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        each(&self.networks, &session.terminal, |text| {
            if is_predefined(text) {
                return Err(NetworkCommandError::Predefined(text.to_owned()).into());
            }
            match find(&layout, text) {
                Err(CommandError::NetworkCommand(NetworkCommandError::Unknown(_))) if self.force => {
                    return Ok(());
                }
                found => network::remove(&layout, &found?.spec.name)?,
            }
            output::print_lines([text])
        })
    }
}
