//! `export`: writes the files of a container to a tar archive.

use crate::error::CommandError;
use crate::session::Session;
use crate::target;
use clap::Args;
use engine::container;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Choose among several containers of the service
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
}

impl Export {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        scope.service(&self.service)?;
        let name = target::existing(&observed, &self.service, self.index)?.name();
        match self.output {
            Some(path) => {
                let failed = |source| CommandError::File { attempt: "write", path: path.clone(), source };
                let mut file = File::create(&path).map_err(failed)?;
                container::export(&layout, name, &mut file)?;
                file.flush().map_err(failed)?;
            }
            None if io::stdout().is_terminal() => return Err(CommandError::ArchiveOnTerminal),
            None => container::export(&layout, name, &mut io::stdout())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
