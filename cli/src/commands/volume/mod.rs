//! `volume …`: volumes of any project.

mod list;
mod remove;

use clap::Subcommand;

/// What to do with volumes.
#[derive(Debug, Subcommand)]
pub(crate) enum Volume {
    /// List volumes
    #[command(name = "ls", visible_alias = "list")]
    List(list::List),
    /// Remove volumes and their data
    #[command(name = "rm", visible_alias = "remove")]
    Remove(remove::Remove),
}
