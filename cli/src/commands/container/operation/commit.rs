//! `container commit`.

use super::One;
use crate::args::CommitFlags;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::container;
use engine_spec::ImageReference;
use std::process::ExitCode;

/// Options of `container commit`.
#[derive(Debug, Args)]
pub(crate) struct Commit {
    #[command(flatten)]
    one: One,
    /// The name of the image
    #[arg(value_name = "IMAGE[:TAG]")]
    image: Option<ImageReference>,
    /// How it is made.
    #[command(flatten)]
    flags: CommitFlags,
}

impl Commit {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, name) = self.one.find(session)?;
        let id = container::commit(&layout, &name, self.image.as_ref(), &self.flags.into())?;
        output::print_lines([id])?;
        Ok(ExitCode::SUCCESS)
    }
}
