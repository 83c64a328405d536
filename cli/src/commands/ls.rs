//! `ls`: lists projects.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::format::{Columns, Format, Row};
use crate::show::output;
use crate::show::table;
use clap::Args;
use engine_spec::{ObservedContainer, compose_label};
use regex::Regex;
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::str::FromStr;

/// Options of `ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct Ls {
    /// Show stopped projects too
    #[arg(short, long)]
    all: bool,
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
    /// Only projects whose name has this in it, as a regular expression
    #[arg(long, value_name = "name=PATTERN")]
    filter: Vec<NameFilter>,
    /// Print as `json`, or each project through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

/// `name=PATTERN`.
#[derive(Debug, Clone)]
struct NameFilter(Regex);

/// A filter that is none.
#[derive(Debug, thiserror::Error)]
enum FilterError {
    #[error("expected KEY=VALUE")]
    Form,
    #[error("invalid filter '{0}'; there is only `name`")]
    Key(String),
    #[error(transparent)]
    Pattern(#[from] regex::Error),
}

impl FromStr for NameFilter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        match text.split_once('=') {
            Some(("name", pattern)) => Ok(Self(Regex::new(pattern)?)),
            Some((key, _)) => Err(FilterError::Key(key.to_owned())),
            None => Err(FilterError::Form),
        }
    }
}

/// A project, with docker compose's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Project {
    name: String,
    status: String,
    config_files: String,
}

impl Row for Project {}

const COLUMNS: Columns = Columns {
    table: "{{.Name}}\t{{.Status}}\t{{.ConfigFiles}}",
    names: &[("Name", "NAME"), ("Status", "STATUS"), ("ConfigFiles", "CONFIG FILES")],
    least_width: table::WIDE,
};

impl Ls {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (_, observed) = session.look(None)?;
        let mut projects = projects(&observed.containers, self.all);
        projects.retain(|project| self.is_wanted(&project.name));
        match self.format.unwrap_or_default() {
            _ if self.quiet => output::print_lines(projects.iter().map(|project| &project.name))?,
            // One array, as docker compose has it.
            Format::Json => output::print_json_lines([&projects])?,
            format => format.print_rows(&COLUMNS, projects)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Any of several filters is enough, as for docker.
    fn is_wanted(&self, name: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|NameFilter(pattern)| pattern.is_match(name))
    }
}

/// Containers by project; without `all` only projects that run.
fn projects(containers: &[ObservedContainer], all: bool) -> Vec<Project> {
    let mut by_project: BTreeMap<&str, Vec<&ObservedContainer>> = BTreeMap::new();
    for container in containers {
        if let Some(project) = container.label(compose_label::PROJECT) {
            by_project.entry(project).or_default().push(container);
        }
    }
    by_project
        .into_iter()
        .filter(|(_, containers)| all || containers.iter().any(|container| container.status.is_running()))
        .map(|(name, containers)| Project {
            name: name.to_owned(),
            status: counted(&containers),
            config_files: containers[0].label(compose_label::CONFIG_FILES).unwrap_or_default().to_owned(),
        })
        .collect()
}

/// `exited(1), running(2)`.
fn counted(containers: &[&ObservedContainer]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for container in containers {
        *counts.entry(container.status.state()).or_default() += 1;
    }
    counts.iter().map(|(state, count)| format!("{state}({count})")).collect::<Vec<_>>().join(", ")
}
