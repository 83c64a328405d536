//! Making a container from flags: its image, its name, its record. What `run` and `create` share.

use super::flags::{FlagError, Flags};
use crate::apply::transfer::{self, Transfer};
use crate::error::CommandError;
use crate::names;
use crate::report;
use crate::session::{DEFAULT_PLATFORM, Session};
use crate::show::progress::Progress;
use clap::{Args, ValueEnum};
use engine::container::{self, CreateError, MakingError};
use engine::image::{Image, Store};
use engine::network;
use engine::state::{Layout, sync_stage};
use engine_spec::{ContainerId, ContainerName, ContainerSpec, ImageReference, NetworkMode, Platform};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Options of `run` and `create`.
#[derive(Debug, Args)]
pub(crate) struct Making {
    /// Choose when the image is fetched
    #[arg(long, value_enum, value_name = "WHEN", default_value = "missing")]
    pull: Pull,
    /// Do not show how the image is fetched
    #[arg(short, long)]
    quiet: bool,
    /// Fetch the image for this platform
    #[arg(long, value_name = "OS/ARCHITECTURE")]
    platform: Option<String>,
    /// Write the container's id to this file
    #[arg(long, value_name = "FILE")]
    cidfile: Option<PathBuf>,
    /// Accepted for docker; there is no such trust
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "true")]
    disable_content_trust: Option<bool>,
    /// Print help
    // `-h` is the host name, as in docker.
    #[arg(id = "help", long = "help", action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
    /// The container.
    #[command(flatten)]
    pub(super) flags: Flags,
}

/// When an image is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pull {
    /// Every time
    Always,
    /// When it is not there
    Missing,
    /// Never
    Never,
}

/// A container that was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) layout: Layout,
    pub(super) id: ContainerId,
    pub(super) name: ContainerName,
}

impl Making {
    /// Makes the container.
    pub(super) fn make(&mut self, session: &Session) -> Result<Made, CommandError> {
        if let Some(path) = self.cidfile.as_ref().filter(|path| path.exists()) {
            return Err(FlagError::IdFile(path.clone()).into());
        }
        let layout = session.layout()?;
        container::repair(&layout, None)?;
        self.flags.name_others(&layout)?;
        let store = Store::open(&layout);
        let image = self.image(session, &store)?;
        let (id, name) = self.create(session, &store, &image)?;
        if !self.flags.life.rm {
            sync_stage(layout.data())?;
        }
        if let Some(path) = &self.cidfile {
            write_id(path, &id)?;
        }
        Ok(Made { layout, id, name })
    }

    /// The image, fetched if that is wanted.
    fn image(&self, session: &Session, store: &Store) -> Result<Image, CommandError> {
        let text = &self.flags.image;
        let found = if self.pull == Pull::Always { None } else { store.resolve(text)? };
        let wanted = self.platform.as_deref().or(session.variable(DEFAULT_PLATFORM)).map(Platform::read);
        if let Some(image) =
            found.filter(|image| wanted.as_ref().is_none_or(|wanted| image.platform == *wanted))
        {
            return Ok(image);
        }
        let reference = ImageReference::parse(text)?;
        if self.pull == Pull::Never {
            return Err(CommandError::NoSuchImage(text.clone()));
        }
        if self.pull == Pull::Missing && !self.quiet {
            report::note(&format!("image {reference} is not here; pulling it"), &session.terminal);
        }
        self.fetch(session, store, reference, &wanted.unwrap_or_else(Platform::host))
    }

    fn fetch(
        &self,
        session: &Session,
        store: &Store,
        image: ImageReference,
        platform: &Platform,
    ) -> Result<Image, CommandError> {
        let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "pull"));
        let transfer = Transfer::new(session, store, &progress)?;
        let result = transfer::run(async || {
            let pulled = transfer.pull(&image, platform).await;
            pulled.map_err(|source| CommandError::Pull { image: image.clone(), source: Box::new(source) })
        });
        progress.close();
        result
    }

    /// Under the name given, else under one that nobody has.
    fn create(
        &self,
        session: &Session,
        store: &Store,
        image: &Image,
    ) -> Result<(ContainerId, ContainerName), CommandError> {
        let layout = store.layout();
        loop {
            let name = self.flags.life.name.clone().unwrap_or_else(names::random);
            let spec = self.flags.spec(session, store, image, name.clone())?;
            prepare_networks(layout, &spec)?;
            match container::create(layout, &spec, None) {
                Ok(id) => return Ok((id, name)),
                Err(CreateError::Making(MakingError::NameTaken { .. })) if self.flags.life.name.is_none() => {
                }
                Err(error) => return Err(CommandError::Create(Box::new(error))),
            }
        }
    }
}

/// Makes the predefined network if it is needed, and makes sure that the others are there.
fn prepare_networks(layout: &Layout, spec: &ContainerSpec) -> Result<(), CommandError> {
    let NetworkMode::Networks { endpoints } = &spec.network else { return Ok(()) };
    for endpoint in endpoints {
        network::ensure(layout, &endpoint.network)?;
    }
    Ok(())
}

fn write_id(path: &Path, id: &ContainerId) -> Result<(), CommandError> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(id.as_str().as_bytes()));
    written.map_err(|source| CommandError::File { attempt: "write", path: path.to_owned(), source })
}
