//! `plan`: prints what `up` would do, and why.

use super::converge::Converge;
use crate::error::CommandError;
use crate::provider;
use crate::session::Session;
use crate::show::output;
use clap::{Args, ValueEnum};
use compose::load::Depth;
use compose::plan::{ImagePlan, Values};
use serde_json::{Value, json};
use std::process::ExitCode;

/// The exit code of `--detailed-exitcode` where there is something to do.
const CHANGES: u8 = 2;

/// Options of `plan`.
#[derive(Debug, Default, Args)]
pub(crate) struct Plan {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// What would be built, fetched and replaced.
    #[command(flatten)]
    converge: Converge,
    /// How the plan is printed.
    #[command(flatten)]
    style: PlanStyle,
    /// Exit with 2 if there is something to do, 0 if not
    #[arg(long)]
    detailed_exitcode: bool,
}

/// How a plan is printed.
#[derive(Debug, Default, Clone, Copy, Args)]
pub(super) struct PlanStyle {
    /// Print it for people or for programs
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: PlanFormat,
    /// Show values of environment variables
    #[arg(long)]
    show_values: bool,
}

/// For whom a plan is printed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

impl Plan {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let mut project = session.project(Depth::Contents)?;
        provider::provide(session, &mut project, &self.services, !self.converge.no_deps, false)?;
        let preview = self.converge.of(session, &project, &self.services)?.preview()?;
        preview.print(self.style)?;
        let is_changed = self.detailed_exitcode && !preview.is_empty();
        Ok(if is_changed { ExitCode::from(CHANGES) } else { ExitCode::SUCCESS })
    }
}

/// What a command would do.
#[derive(Debug)]
pub(super) struct Preview {
    /// The images it would get first.
    pub(super) images: ImagePlan,
    /// What it would do then.
    pub(super) plan: compose::plan::Plan,
}

impl Preview {
    fn is_empty(&self) -> bool {
        self.images.pulls.is_empty() && self.images.builds.is_empty() && self.plan.is_empty()
    }

    pub(super) fn print(&self, style: PlanStyle) -> Result<(), CommandError> {
        let values = if style.show_values { Values::Shown } else { Values::Masked };
        match style.format {
            PlanFormat::Text => {
                output::print_lines(self.builds().chain(self.pulls()))?;
                output::print(&self.plan.text(values))
            }
            PlanFormat::Json => output::print(&format!("{:#}\n", self.json(values))),
        }
    }

    fn json(&self, values: Values) -> Value {
        let mut json = self.plan.json(values);
        let services = self.images.builds.iter().map(|(service, _)| service.as_str());
        json["builds"] = services.collect();
        json["pulls"] = self.images.pulls.iter().map(|pull| pull.image.to_string()).collect();
        json["is_empty"] = json!(self.is_empty());
        json
    }

    fn builds(&self) -> impl Iterator<Item = String> {
        self.images.builds.iter().map(|(service, _)| format!("build the image of {service}"))
    }

    fn pulls(&self) -> impl Iterator<Item = String> {
        self.images.pulls.iter().map(|pull| format!("pull {}", pull.image))
    }
}
