//! `container cp`.

use super::{OperationError, prepared};
use crate::args::Place;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::size;
use clap::Args;
use engine::container::{self, CopyOptions, Destination, Origin};
use engine::state::container::resolve_name;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// Options of `container cp`.
#[derive(Debug, Args)]
pub(crate) struct Cp {
    /// What to copy: `CONTAINER:PATH`, a path, or `-` for a tar archive from stdin
    #[arg(value_name = "SOURCE", allow_hyphen_values = true)]
    source: String,
    /// Where to: `CONTAINER:PATH`, a path, or `-` for a tar archive on stdout
    #[arg(value_name = "DESTINATION", allow_hyphen_values = true)]
    destination: String,
    /// What arrives in the container belongs to the container's user
    #[arg(short, long)]
    archive: bool,
    /// Follow a link that the source is
    #[arg(short = 'L', long)]
    follow_link: bool,
    /// Do not say what was copied
    #[arg(short, long)]
    quiet: bool,
}

impl Cp {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = prepared(session)?;
        let options = CopyOptions { archive: self.archive, follow_link: self.follow_link };
        match (Place::parse(&self.source), Place::parse(&self.destination)) {
            (Place::Inside { name: text, path }, Place::Stream) => {
                if io::stdout().is_terminal() {
                    return Err(CommandError::ArchiveOnTerminal);
                }
                let archive = Destination::Archive(&mut io::stdout());
                container::copy_out(&layout, &resolve_name(&layout, text)?, path, archive, options)?;
            }
            (Place::Inside { name: text, path }, Place::Host(host)) => {
                let name = resolve_name(&layout, text)?;
                let length = container::copy_out(&layout, &name, path, Destination::Path(host), options)?;
                self.tell(length);
            }
            (Place::Stream, Place::Inside { name: text, path }) => {
                let archive = Origin::Archive(&mut io::stdin());
                container::copy_in(&layout, &resolve_name(&layout, text)?, archive, path, options)?;
            }
            (Place::Host(host), Place::Inside { name: text, path }) => {
                let name = resolve_name(&layout, text)?;
                let length = container::copy_in(&layout, &name, Origin::Path(host), path, options)?;
                self.tell(length);
            }
            (Place::Inside { .. }, Place::Inside { .. })
            | (Place::Host(_) | Place::Stream, Place::Host(_) | Place::Stream) => {
                return Err(OperationError::CopyWithoutContainer.into());
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// In docker's words. A closed stderr is nobody's loss.
    fn tell(&self, length: u64) {
        if !self.quiet {
            let line = format!("Successfully copied {} to {}\n", size::human(length), self.destination);
            let _ = io::stderr().lock().write_all(line.as_bytes());
        }
    }
}
