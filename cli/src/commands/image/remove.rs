//! `image rm`: removes images.

use crate::commands::each::each;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::image::{Removed, Store, StoreError};
use engine_spec::ImageReference;
use std::process::ExitCode;

/// Options of `image rm`.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The images, by name or id
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// Remove images that containers were made from, and do not fail for missing ones
    #[arg(short, long)]
    force: bool,
    /// Docker has it; there are no parents to keep
    #[arg(long, hide = true)]
    no_prune: bool,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let store = Store::open(&session.layout()?);
        each(&self.images, &session.terminal, |text| match self.remove(&store, text) {
            Err(CommandError::Store(error)) if self.force && matches!(*error, StoreError::NoImage(_)) => {
                Ok(())
            }
            removed => print(&removed?),
        })
    }

    /// A name loses the name; an id loses the image and all its names.
    fn remove(&self, store: &Store, text: &str) -> Result<Removed, CommandError> {
        if let Ok(name) = ImageReference::parse(text)
            && store.names()?.contains_key(&name)
        {
            return Ok(store.remove(&name, self.force)?);
        }
        let image = super::find(store, text)?;
        Ok(store.remove_image(&image.id, self.force)?)
    }
}

fn print(removed: &Removed) -> Result<(), CommandError> {
    output::print_lines(removed.untagged.iter().map(|name| format!("Untagged: {name}")))?;
    output::print_lines(removed.deleted.iter().map(|digest| format!("Deleted: {digest}")))
}
