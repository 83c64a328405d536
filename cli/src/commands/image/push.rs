//! `image push`: sends one image to its registry.

use crate::error::CommandError;
use crate::output;
use crate::progress::Progress;
use crate::session::Session;
use crate::transfer::{self, Transfer};
use clap::Args;
use engine::image::Store;
use engine_spec::ImageReference;
use std::process::ExitCode;
use std::sync::Arc;

/// Options of `image push`.
#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The image; its name says which registry
    #[arg(value_name = "NAME")]
    image: ImageReference,
    /// Print the image's name only
    #[arg(short, long)]
    quiet: bool,
}

impl Push {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let store = Store::open(&session.layout()?);
        let image = super::find(&store, &self.image.to_string())?;
        let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "push"));
        let transfer = Transfer::new(session, &store, &progress)?;
        let result = transfer::run(async || {
            let pushed = transfer.push(&image, &self.image).await;
            pushed
                .map_err(|source| CommandError::Push { image: self.image.clone(), source: Box::new(source) })
        });
        progress.close();
        let digest = result?;
        output::print_lines([format!("{}@{digest}", self.image.canonical())])?;
        Ok(ExitCode::SUCCESS)
    }
}
