//! `config`: prints the Compose file as it is understood.

use crate::error::CommandError;
use crate::output;
use crate::session::Session;
use clap::{Args, ValueEnum};
use compose::graph::Selection;
use compose::load::Depth;
use compose::model::Project;
use compose::plan;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `config`.
#[derive(Debug, Default, Args)]
pub(crate) struct Config {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Choose how the file is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ConfigFormat,
    /// Print nothing, only check
    #[arg(short, long)]
    quiet: bool,
    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What to print instead of the whole.
    #[command(flatten)]
    list: ListChoice,
}

/// One thing to list.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
struct ListChoice {
    /// Print the names of services, one per line
    #[arg(long = "services")]
    only_services: bool,
    /// Print the images, one per line
    #[arg(long)]
    images: bool,
    /// Print the names of volumes, one per line
    #[arg(long)]
    volumes: bool,
    /// Print the names of networks, one per line
    #[arg(long)]
    networks: bool,
    /// Print the profiles, one per line
    #[arg(long)]
    profiles: bool,
    /// Print a hash of each service's definition; `*` is every service
    #[arg(long, value_name = "SERVICES")]
    hash: Option<String>,
}

/// How the file is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ConfigFormat {
    /// As a Compose file
    #[default]
    Yaml,
    /// As one JSON object
    Json,
}

impl Config {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let mut project = session.project(self.depth())?;
        let selection = Selection::of(&project, &self.services, true)?;
        if !self.services.is_empty() {
            narrow(&mut project, &selection);
        }
        if self.quiet {
            return Ok(ExitCode::SUCCESS);
        }
        let text = match self.list.lines(&project) {
            Some(lines) => lines.iter().map(|line| format!("{line}\n")).collect(),
            None => self.format.render(&project),
        };
        match &self.output {
            None => output::print(&text)?,
            Some(path) => fs::write(path, text).map_err(|source| CommandError::File {
                attempt: "write",
                path: path.clone(),
                source,
            })?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Config {
    /// Hashes cover what containers are made of, the contents of configs too.
    fn depth(&self) -> Depth {
        if self.list.hash.is_some() { Depth::Contents } else { Depth::Environment }
    }
}

impl ListChoice {
    /// The list asked for, an item a line; `None` if no list was.
    fn lines(&self, project: &Project) -> Option<Vec<String>> {
        let services = || project.services.iter();
        if self.only_services {
            return Some(services().map(|(name, _)| name.to_string()).collect());
        }
        if self.images {
            let images: BTreeSet<_> =
                services().map(|(name, service)| project.image_name(name, service)).collect();
            return Some(images.into_iter().collect());
        }
        if self.volumes {
            return Some(project.volumes.keys().map(ToString::to_string).collect());
        }
        if self.networks {
            return Some(project.networks.keys().map(ToString::to_string).collect());
        }
        if self.profiles {
            let profiles: BTreeSet<_> =
                project.all_services().flat_map(|(_, service)| &service.profiles).collect();
            return Some(profiles.into_iter().cloned().collect());
        }
        self.hash.as_ref().map(|names| hashes(project, names))
    }
}

/// `web 2c26b4…`: what decides whether a container is replaced.
fn hashes(project: &Project, names: &str) -> Vec<String> {
    let wanted: Vec<_> = names.split(',').collect();
    let services =
        project.services.iter().filter(|(name, _)| names == "*" || wanted.contains(&name.as_str()));
    services.map(|(name, service)| format!("{name} {}", plan::config_hash(project, name, service))).collect()
}

impl ConfigFormat {
    fn render(self, project: &Project) -> String {
        match self {
            Self::Yaml => project.to_yaml(),
            Self::Json => project.to_json(),
        }
    }
}

/// Leaves the selected services; what only others use is not printed.
fn narrow(project: &mut Project, selection: &Selection) {
    project.services.append(&mut project.disabled);
    project.services.retain(|name, _| selection.contains(name.as_str()));
}
