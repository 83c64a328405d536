//! `scale`: brings services to a number of containers.

use super::converge::Converge;
use crate::args::{Scale as Number, parse_scale};
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use compose::load::Depth;
use std::process::ExitCode;

/// Options of `scale`.
#[derive(Debug, Default, Args)]
pub(crate) struct Scale {
    /// The services and how many containers each shall have
    #[arg(value_name = "SERVICE=NUMBER", value_parser = parse_scale, required = true)]
    scale: Vec<Number>,
    /// Leave out what the services depend on
    #[arg(long)]
    no_deps: bool,
}

impl Scale {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let mut project = session.project(Depth::Contents)?;
        let services: Vec<String> = self.scale.iter().map(|scale| scale.service.to_string()).collect();
        let converge = Converge { scale: self.scale, no_deps: self.no_deps, ..Converge::default() };
        converge.provide(session, &mut project, &services)?;
        converge.of(session, &project, &services)?.carry_out("scale", None)?;
        Ok(ExitCode::SUCCESS)
    }
}
