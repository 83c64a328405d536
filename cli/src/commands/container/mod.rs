//! `container …`: containers of any project.

mod inspect;
mod list;

use clap::Subcommand;

/// What to do with containers.
#[derive(Debug, Subcommand)]
pub(crate) enum Container {
    /// List containers
    #[command(name = "ls", visible_alias = "list")]
    List(list::List),
    /// Print all there is to know of containers as JSON
    Inspect(inspect::Inspect),
}
