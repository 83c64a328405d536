//! `image verify`: hashes the whole store anew.

use super::error::ImageCommandError;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use crate::show::progress::{Mark, Progress};
use clap::Args;
use engine::image::Store;
use std::process::ExitCode;

/// Options of `image verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Print what is damaged only
    #[arg(short, long)]
    quiet: bool,
}

impl Verify {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let store = Store::open(&session.layout()?);
        let progress = Progress::unless(self.quiet, &session.terminal, "verify");
        let mut count = 0;
        let damage = store.verify(&mut |id| {
            count += 1;
            progress.end(&format!("Image {}", id.short()), Mark::Done, "Looked at");
        });
        progress.close();
        let damage = damage?;
        output::print_lines(&damage)?;
        match damage.len() {
            0 if self.quiet => {}
            0 => output::print_lines([format!("{count} images are as they should be")])?,
            1 => return Err(ImageCommandError::Damaged("one blob or layer is".to_owned()).into()),
            many => return Err(ImageCommandError::Damaged(format!("{many} blobs or layers are")).into()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
