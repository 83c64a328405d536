//! `image pull`: fetches an image, or all tags of one.

use super::error::ImageCommandError;
use crate::apply::transfer::{self, Transfer};
use crate::error::CommandError;
use crate::session::{DEFAULT_PLATFORM, Session};
use crate::show::output;
use crate::show::progress::Progress;
use clap::Args;
use engine::image::Store;
use engine::image::registry;
use engine_spec::{ImageReference, Platform};
use std::process::ExitCode;
use std::sync::Arc;

/// Options of `image pull`.
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// The image, such as `redis:7` or `localhost:5000/app`
    #[arg(value_name = "NAME")]
    image: String,
    /// Fetch all tags of the repository
    #[arg(short, long)]
    all_tags: bool,
    /// Fetch the image for this platform, such as `linux/arm64`
    #[arg(long, value_name = "PLATFORM", value_parser = super::platform)]
    platform: Option<Platform>,
    /// Print the image's name only
    #[arg(short, long)]
    quiet: bool,
    /// Docker has it; there is nothing to switch off
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    disable_content_trust: Option<bool>,
}

impl Pull {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let store = Store::open(&session.layout()?);
        let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "pull"));
        let transfer = Transfer::new(session, &store, &progress)?.with_layers();
        let default = || session.variable(DEFAULT_PLATFORM).map_or_else(Platform::host, Platform::read);
        let platform = self.platform.clone().unwrap_or_else(default);
        let result = transfer::run(async || {
            let images = self.images(&transfer).await?;
            for image in &images {
                let pulled = transfer.pull(image, &platform).await;
                pulled.map_err(|source| CommandError::Pull {
                    image: image.clone(),
                    source: Box::new(source),
                })?;
            }
            Ok(images)
        });
        progress.close();
        output::print_lines(result?.iter().map(ImageReference::canonical))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn images(&self, transfer: &Transfer) -> Result<Vec<ImageReference>, CommandError> {
        let image = ImageReference::parse(&self.image)?;
        if !self.all_tags {
            return Ok(vec![image]);
        }
        if super::has_tag(&self.image) {
            return Err(ImageCommandError::TagWithAll(self.image.clone()).into());
        }
        let tags = registry::tags(transfer.registries(), &image).await.map_err(ImageCommandError::from)?;
        let tagged = tags.iter().map(|tag| ImageReference::parse(&format!("{}:{tag}", self.image)));
        Ok(tagged.collect::<Result<_, _>>()?)
    }
}
