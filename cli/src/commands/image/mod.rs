//! `image …`: images of any project.

mod import;
mod list;
mod pull;
mod push;
mod remove;
mod tag;

use clap::Subcommand;

/// What to do with images.
#[derive(Debug, Subcommand)]
pub(crate) enum Image {
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
