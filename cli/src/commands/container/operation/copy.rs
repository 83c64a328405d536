//! `container cp`.

use super::{OperationError, prepared};
use crate::error::CommandError;
use crate::session::Session;
use crate::show::size;
use clap::Args;
use engine::container::{self, CopyOptions, Destination, Origin};
use engine::state::container::resolve_name;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
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

/// One end of a copy.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    Container(&'a str, &'a Path),
    Host(&'a Path),
    Stream,
}

impl<'a> Place<'a> {
    /// A container's name comes before the first colon; what begins like a path is one.
    fn parse(text: &'a str) -> Self {
        match text.split_once(':') {
            _ if text == "-" => Self::Stream,
            Some((name, path)) if !text.starts_with(['/', '.']) => Self::Container(name, Path::new(path)),
            _ => Self::Host(Path::new(text)),
        }
    }
}

impl Cp {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = prepared(session)?;
        let options = CopyOptions { archive: self.archive, follow_link: self.follow_link };
        match (Place::parse(&self.source), Place::parse(&self.destination)) {
            (Place::Container(text, path), Place::Stream) => {
                if io::stdout().is_terminal() {
                    return Err(CommandError::ArchiveOnTerminal);
                }
                let archive = Destination::Archive(&mut io::stdout());
                container::copy_out(&layout, &resolve_name(&layout, text)?, path, archive, options)?;
            }
            (Place::Container(text, path), Place::Host(host)) => {
                let name = resolve_name(&layout, text)?;
                let length = container::copy_out(&layout, &name, path, Destination::Path(host), options)?;
                self.tell(length);
            }
            (Place::Stream, Place::Container(text, path)) => {
                let archive = Origin::Archive(&mut io::stdin());
                container::copy_in(&layout, &resolve_name(&layout, text)?, archive, path, options)?;
            }
            (Place::Host(host), Place::Container(text, path)) => {
                let name = resolve_name(&layout, text)?;
                let length = container::copy_in(&layout, &name, Origin::Path(host), path, options)?;
                self.tell(length);
            }
            (Place::Container(..), Place::Container(..))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_stands_before_the_first_colon_unless_it_is_a_path() {
        assert_eq!(Place::parse("web:/a:b"), Place::Container("web", Path::new("/a:b")));
        assert_eq!(Place::parse("./a:b"), Place::Host(Path::new("./a:b")));
        assert_eq!(Place::parse("file"), Place::Host(Path::new("file")));
        assert_eq!(Place::parse("-"), Place::Stream);
    }
}
