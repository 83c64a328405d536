//! `image import`: makes an image from an archive of a root file system.

use super::error::ImageCommandError;
use crate::apply::transfer;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::image::archive::{self, ImportError, ImportOptions};
use engine::image::registry::{self, Registries};
use engine::image::{Image, Store};
use engine::state::sync_stage;
use engine_spec::{ImageReference, Platform};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of `image import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A tar archive, plain or compressed: a file, an address (`https://…`), or `-` for stdin
    #[arg(value_name = "FILE|URL|-")]
    archive: PathBuf,
    /// The name of the image
    #[arg(value_name = "NAME")]
    image: Option<ImageReference>,
    /// Apply a Dockerfile instruction, such as `CMD ["sh"]`
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// Say so in the image's history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// What the image runs on [default: what this host is]
    #[arg(long, value_name = "PLATFORM", value_parser = super::platform)]
    platform: Option<Platform>,
}

impl Import {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let variable = |key: &str| session.variable(key).map(str::to_owned);
        let store = Store::open(&layout).within(Registries::load(&layout, &variable)?.limits());
        let options = ImportOptions {
            platform: self.platform.clone().unwrap_or_else(Platform::host),
            changes: self.change.clone(),
            message: self.message.clone(),
            name: self.image.clone(),
        };
        let image = match self.address() {
            Some(address) => self.fetch(&store, address, &options)?,
            None => archive::import(&store, self.open()?, &options),
        };
        let image = image.map_err(|source| CommandError::Import {
            path: self.archive.clone(),
            source: Box::new(source),
        })?;
        sync_stage(store.layout().data())?;
        output::print_lines([image.id])?;
        Ok(ExitCode::SUCCESS)
    }

    fn address(&self) -> Option<&str> {
        let text = self.archive.to_str()?;
        ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme)).then_some(text)
    }

    /// The outer failure is the network's, the inner one the archive's.
    fn fetch(
        &self,
        store: &Store,
        address: &str,
        options: &ImportOptions,
    ) -> Result<Result<Image, ImportError>, CommandError> {
        transfer::run(async || {
            let (store, options) = (store.clone(), options.clone());
            let imported =
                registry::download(address, move |archive| archive::import(&store, archive, &options)).await;
            Ok(imported.map_err(|source| ImageCommandError::Download {
                address: address.to_owned(),
                source: Box::new(source),
            })?)
        })
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, CommandError> {
        if self.archive == Path::new("-") {
            return Ok(Box::new(io::stdin()));
        }
        match File::open(&self.archive) {
            Ok(file) => Ok(Box::new(file)),
            Err(source) => Err(CommandError::File { attempt: "read", path: self.archive.clone(), source }),
        }
    }
}
