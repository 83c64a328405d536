//! `builder …`: what builds keep for later ones.

mod df;
mod policy;
mod prune;

use crate::error::CommandError;
use crate::session::Session;
use clap::Subcommand;
use engine::build::{StockItem, StockKind};
use std::process::ExitCode;

pub(crate) use policy::collect;

/// What to do with the build cache.
#[derive(Debug, Subcommand)]
pub(crate) enum Builder {
    /// List what is kept and how much room it takes
    #[command(visible_alias = "du")]
    Df(df::Df),
    /// Remove what no image needs, least recently used first
    Prune(prune::Prune),
    /// Build an image from a Dockerfile
    Build(Box<super::image::Build>),
}

impl Builder {
    /// Does it.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        match self {
            Self::Df(command) => command.run(session),
            Self::Prune(command) => command.run(session),
            Self::Build(command) => command.run(session),
        }
    }
}

/// Docker's word for what an item is.
fn type_of(item: &StockItem) -> &'static str {
    match item.kind {
        StockKind::Step { .. } => "regular",
        StockKind::CacheMount { .. } => "exec.cachemount",
        StockKind::Source { is_repository: true, .. } => "source.git.checkout",
        StockKind::Source { is_repository: false, .. } => "source.http",
    }
}
