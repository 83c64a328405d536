//! `image load`: reads images from an archive or a folder.

use super::error::ImageCommandError;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::image::Store;
use engine::image::archive::{self, LoadError, Loaded};
use engine::image::registry::Registries;
use engine_spec::Platform;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of `image load`.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Read this archive or OCI layout folder instead of stdin
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
    /// Load the images for this platform, such as `linux/arm64`
    #[arg(long, value_name = "PLATFORM", value_parser = super::platform)]
    platform: Option<Platform>,
}

impl Load {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let variable = |key: &str| session.variable(key).map(str::to_owned);
        let store = Store::open(&layout).within(Registries::load(&layout, &variable)?.limits());
        let path = self.input.as_deref().unwrap_or(Path::new("-"));
        let loaded = self.load(&store, path).map_err(|error| match error {
            Failure::Load(source) => {
                ImageCommandError::Load { path: path.to_owned(), source: Box::new(source) }.into()
            }
            Failure::Command(error) => error,
        })?;
        engine::state::sync_stage(layout.data())?;
        if !self.quiet {
            output::print_lines(loaded.iter().flat_map(lines))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn load(&self, store: &Store, path: &Path) -> Result<Vec<Loaded>, Failure> {
        let platform = self.platform.as_ref();
        if path == Path::new("-") {
            if io::stdin().is_terminal() {
                return Err(Failure::Command(ImageCommandError::NoInput.into()));
            }
            return Ok(archive::load(store, io::stdin(), platform)?);
        }
        if path.is_dir() {
            return Ok(archive::load_folder(store, path, platform)?);
        }
        let opened = File::open(path);
        let unread = |source| CommandError::File { attempt: "read", path: path.to_owned(), source };
        Ok(archive::load(store, opened.map_err(unread).map_err(Failure::Command)?, platform)?)
    }
}

enum Failure {
    Load(LoadError),
    Command(CommandError),
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

fn lines(loaded: &Loaded) -> Vec<String> {
    if loaded.names.is_empty() {
        return vec![format!("Loaded image ID: {}", loaded.image.id)];
    }
    loaded.names.iter().map(|name| format!("Loaded image: {name}")).collect()
}
