//! `plan`: prints what `up` would do, and why.

use super::converge::Converge;
use crate::error::CommandError;
use crate::output;
use crate::session::Session;
use clap::Args;
use compose::graph::Selection;
use compose::load::Depth;
use compose::model::Project;
use std::process::ExitCode;

/// Options of `plan`.
#[derive(Debug, Default, Args)]
pub(crate) struct Plan {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// What would be built, fetched and replaced.
    #[command(flatten)]
    converge: Converge,
}

impl Plan {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let project = session.project(Depth::Contents)?;
        let selection = self.converge.select(&project, &self.services)?;
        print_plan(session, &project, &selection, &self.converge)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints images to get and steps to take.
pub(super) fn print_plan(
    session: &Session,
    project: &Project,
    selection: &Selection,
    converge: &Converge,
) -> Result<(), CommandError> {
    let options = converge.options(session, false);
    let (images, plan) = converge.rehearse(session, project, selection, &options)?;
    let builds = images.builds.iter().map(|(service, _)| format!("build the image of {service}"));
    output::print_lines(builds.chain(images.pulls.iter().map(|pull| format!("pull {}", pull.image))))?;
    output::print(&format!("{plan:#?}"))
}
