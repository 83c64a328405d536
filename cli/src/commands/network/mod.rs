//! `network …`: networks of any project.

mod list;

use clap::Subcommand;

/// What to do with networks.
#[derive(Debug, Subcommand)]
pub(crate) enum Network {
    /// List networks
    #[command(name = "ls", visible_alias = "list")]
    List(list::List),
}
