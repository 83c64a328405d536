//! `image tag`: gives an image another name.

use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use engine::image::Store;
use engine_spec::ImageReference;
use std::process::ExitCode;

/// Options of `image tag`.
#[derive(Debug, Args)]
pub(crate) struct Tag {
    /// The image, by name or id
    #[arg(value_name = "IMAGE")]
    image: String,
    /// The other name
    #[arg(value_name = "NAME")]
    name: ImageReference,
}

impl Tag {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let store = Store::open(&session.layout()?);
        let image = super::find(&store, &self.image)?;
        store.tag(&image.id, &self.name)?;
        Ok(ExitCode::SUCCESS)
    }
}
