//! `container export`.

use super::One;
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use engine::container;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `container export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    one: One,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, name) = self.one.find(session)?;
        match self.output {
            Some(path) => {
                let failed = |source| CommandError::File { attempt: "write", path: path.clone(), source };
                let mut file = File::create(&path).map_err(failed)?;
                container::export(&layout, &name, &mut file)?;
                file.flush().map_err(failed)?;
            }
            None if io::stdout().is_terminal() => return Err(CommandError::ArchiveOnTerminal),
            None => container::export(&layout, &name, &mut io::stdout())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
