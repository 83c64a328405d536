//! `container commit`.

use super::One;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::{ArgAction, Args};
use engine::container::{self, CommitOptions};
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
    /// Say who made it
    #[arg(short, long, value_name = "NAME")]
    author: Option<String>,
    /// Change how it is run by an instruction of a Dockerfile (`CMD ["nginx"]`)
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// Say what was done
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Freeze the container meanwhile
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = ArgAction::Set)]
    pause: bool,
}

impl Commit {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, name) = self.one.find(session)?;
        let options = CommitOptions {
            author: self.author,
            message: self.message,
            changes: self.change,
            pause: self.pause,
        };
        let id = container::commit(&layout, &name, self.image.as_ref(), &options)?;
        output::print_lines([id])?;
        Ok(ExitCode::SUCCESS)
    }
}
