//! `image pull`: fetches one image.

use crate::error::CommandError;
use crate::output;
use crate::progress::Progress;
use crate::session::Session;
use crate::transfer::{self, Transfer};
use clap::Args;
use engine::image::Store;
use engine_spec::{ImageReference, Platform};
use std::process::ExitCode;
use std::sync::Arc;

/// Options of `image pull`.
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// The image, such as `redis:7` or `localhost:5000/app`
    #[arg(value_name = "NAME")]
    image: ImageReference,
    /// Print the image's name only
    #[arg(short, long)]
    quiet: bool,
}

impl Pull {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let store = Store::open(&session.layout()?);
        let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "pull"));
        let transfer = Transfer::new(session, &store, &progress)?;
        let result = transfer::run(async || {
            let pulled = transfer.pull(&self.image, &Platform::host()).await;
            pulled
                .map_err(|source| CommandError::Pull { image: self.image.clone(), source: Box::new(source) })
        });
        progress.close();
        result?;
        output::print_lines([self.image.canonical()])?;
        Ok(ExitCode::SUCCESS)
    }
}
