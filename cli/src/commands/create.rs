//! `create`: makes containers without starting them.

use super::converge::Converge;
use crate::args::{PullChoice, Scale, parse_scale};
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use compose::load::Depth;
use std::process::ExitCode;

/// Options of `create`.
#[derive(Debug, Default, Args)]
pub(crate) struct Create {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Build images first
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Build no image, even if it is missing
    #[arg(long)]
    no_build: bool,
    /// Choose when images are fetched
    #[arg(long, value_enum, value_name = "WHEN")]
    pull: Option<PullChoice>,
    /// Do not show how fetching and building go on
    #[arg(long)]
    quiet_pull: bool,
    /// Replace containers even if nothing changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Replace no container that exists
    #[arg(long)]
    no_recreate: bool,
    /// Remove containers of services that are no longer in the file
    #[arg(long)]
    remove_orphans: bool,
    /// Make this number of containers of a service
    #[arg(long, value_name = "SERVICE=NUMBER", value_parser = parse_scale)]
    scale: Vec<Scale>,
    /// Do not show how building goes on
    #[arg(long)]
    quiet_build: bool,
    /// Make volumes anew whose definition changed; their data is lost
    #[arg(short, long)]
    yes: bool,
    /// Take over what another project folder made under the same name
    #[arg(long)]
    take_over: bool,
}

impl Create {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let mut project = session.project(Depth::Contents)?;
        let converge = Converge {
            build: self.build,
            no_build: self.no_build,
            pull: self.pull,
            quiet_pull: self.quiet_pull,
            force_recreate: self.force_recreate,
            no_recreate: self.no_recreate,
            remove_orphans: self.remove_orphans,
            quiet_build: self.quiet_build,
            yes: self.yes,
            take_over: self.take_over,
            scale: self.scale,
            no_start: true,
            ..Converge::default()
        };
        converge.provide(session, &mut project, &self.services)?;
        converge.of(session, &project, &self.services)?.carry_out("create", None)?;
        Ok(ExitCode::SUCCESS)
    }
}
