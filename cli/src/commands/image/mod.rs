//! `image …`: images of any project.

mod build;
mod import;
mod list;
mod pull;
mod push;
mod remove;
mod tag;

use super::inspect::InspectOne;
use crate::error::CommandError;
use crate::inspect::Kind;
use crate::session::Session;
use clap::Subcommand;
use engine::image::{Image as Found, Store, StoreError};
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
    /// Make an image from an archive of a root file system
    Import(import::Import),
    /// Give an image another name
    Tag(tag::Tag),
    /// Remove images
    #[command(name = "rm", visible_alias = "remove")]
    Remove(remove::Remove),
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
            Self::Import(command) => command.run(session),
            Self::Tag(command) => command.run(session),
            Self::Remove(command) => command.run(session),
        }
    }
}

/// The image that a person means by a name, an id or the start of an id.
fn find(store: &Store, text: &str) -> Result<Found, CommandError> {
    store.resolve(text)?.ok_or_else(|| StoreError::NoImage(text.to_owned()).into())
}
