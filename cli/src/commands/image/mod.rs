//! `image …`: images of any project.

mod build;
mod error;
mod history;
mod import;
mod list;
mod load;
mod prune;
mod pull;
mod push;
mod remove;
mod save;
mod search;
mod tag;
mod verify;

pub(crate) use error::ImageCommandError;

pub(crate) use build::Build;

use super::inspect::InspectOne;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::inspect::Kind;
use clap::Subcommand;
use engine::image::{Image as Found, Store, StoreError};
use engine_spec::Platform;
use std::process::ExitCode;

/// What to do with images.
#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Build an image from a Dockerfile
    Build(Box<build::Build>),
    /// Print all there is to know of images as JSON
    Inspect(InspectOne),
    /// List images
    #[command(name = "ls", visible_alias = "list")]
    List(list::List),
    /// Fetch an image
    Pull(pull::Pull),
    /// Send an image to its registry
    Push(push::Push),
    /// Print how an image came about
    History(history::History),
    /// Write images to an archive
    Save(save::Save),
    /// Read images from an archive
    Load(load::Load),
    /// Make an image from an archive of a root file system
    Import(import::Import),
    /// Find images in a registry
    Search(search::Search),
    /// Give an image another name
    Tag(tag::Tag),
    /// Remove images
    #[command(name = "rm", visible_alias = "remove")]
    Remove(remove::Remove),
    /// Remove images that nothing uses
    Prune(prune::Prune),
    /// Look whether all images are as they should be
    Verify(verify::Verify),
}

impl Image {
    /// Does it.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        match self {
            Self::Build(command) => command.run(session),
            Self::Inspect(command) => command.run(session, Kind::Image),
            Self::List(command) => command.run(session),
            Self::Pull(command) => command.run(session),
            Self::Push(command) => command.run(session),
            Self::History(command) => command.run(session),
            Self::Save(command) => command.run(session),
            Self::Load(command) => command.run(session),
            Self::Import(command) => command.run(session),
            Self::Search(command) => command.run(session),
            Self::Tag(command) => command.run(session),
            Self::Remove(command) => command.run(session),
            Self::Prune(command) => command.run(session),
            Self::Verify(command) => command.run(session),
        }
    }
}

/// The image that a person means by a name, an id or the start of an id.
fn find(store: &Store, text: &str) -> Result<Found, CommandError> {
    store.resolve(text)?.ok_or_else(|| StoreError::NoImage(text.to_owned()).into())
}

/// `linux/arm64` or `linux/arm/v7`.
fn platform(text: &str) -> Result<Platform, &'static str> {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if text.split('/').all(is_part) && (1..=3).contains(&text.split('/').count()) {
        Ok(Platform::read(text))
    } else {
        Err("expected OS/ARCHITECTURE, such as linux/amd64")
    }
}

/// Whether a name says which of its tags is meant.
fn has_tag(name: &str) -> bool {
    name.contains('@') || name.rsplit('/').next().unwrap_or(name).contains(':')
}
