//! `image import`: makes an image from an archive of a root file system.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::image::Store;
use engine::image::archive::{self, ImportOptions};
use engine::image::registry::Registries;
use engine::state::sync_stage;
use engine_spec::{ImageReference, Platform};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of `image import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A tar archive, plain or compressed; `-` is stdin
    #[arg(value_name = "FILE")]
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
        let archive = self.open()?;
        let options = ImportOptions {
            platform: self.platform.clone().unwrap_or_else(Platform::host),
            changes: &self.change,
            message: self.message.as_deref(),
            name: self.image.as_ref(),
        };
        let image = archive::import(&store, archive, &options).map_err(|source| CommandError::Import {
            path: self.archive.clone(),
            source: Box::new(source),
        })?;
        sync_stage(store.layout().data())?;
        output::print_lines([image.id])?;
        Ok(ExitCode::SUCCESS)
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
