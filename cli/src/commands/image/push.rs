//! `image push`: sends an image, or all tags of one, to its registry.

use super::error::ImageCommandError;
use crate::apply::transfer::{self, Transfer};
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use crate::show::progress::Progress;
use clap::Args;
use engine::image::{Store, StoreError};
use engine_spec::ImageReference;
use std::process::ExitCode;
use std::sync::Arc;

/// Options of `image push`.
#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The image; its name says which registry
    #[arg(value_name = "NAME")]
    image: String,
    /// Send all tags of the image
    #[arg(short, long)]
    all_tags: bool,
    /// Print the image's name only
    #[arg(short, long)]
    quiet: bool,
    /// Docker has it; there is nothing to switch off
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    disable_content_trust: Option<bool>,
}

impl Push {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let store = Store::open(&session.layout()?);
        let names = self.names(&store)?;
        let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "push"));
        let transfer = Transfer::new(session, &store, &progress)?.with_layers();
        let result = transfer::run(async || {
            let mut pushed = Vec::new();
            for name in &names {
                let image = super::find(&store, &name.to_string())?;
                let digest = transfer.push(&image, name).await;
                let digest = digest
                    .map_err(|source| CommandError::Push { image: name.clone(), source: Box::new(source) })?;
                pushed.push(format!("{}@{digest}", name.canonical()));
            }
            Ok(pushed)
        });
        progress.close();
        output::print_lines(result?)?;
        Ok(ExitCode::SUCCESS)
    }

    fn names(&self, store: &Store) -> Result<Vec<ImageReference>, CommandError> {
        let image = ImageReference::parse(&self.image)?;
        if !self.all_tags {
            return Ok(vec![image]);
        }
        if super::has_tag(&self.image) {
            return Err(ImageCommandError::TagWithAll(self.image.clone()).into());
        }
        let same = |name: &ImageReference| {
            name.tag().is_some() && name.familiar_repository() == image.familiar_repository()
        };
        let names: Vec<_> = store.names()?.into_keys().filter(same).collect();
        if names.is_empty() { Err(StoreError::NoImage(self.image.clone()).into()) } else { Ok(names) }
    }
}
