//! `config`: prints the Compose files as they are understood, or what they have in them.

mod digest;
mod list;

use crate::error::CommandError;
use crate::files::HostFiles;
use crate::report;
use crate::session::Session;
use crate::show::output;
use clap::{Args, ValueEnum};
use compose::Diagnostics;
use compose::graph::Selection;
use compose::load::{Configuration, Depth, LoadOptions, Loaded, Skip};
use compose::model::Project;
use list::ListChoice;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `config`.
#[derive(Debug, Default, Args)]
pub(crate) struct Config {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Choose how the files and what is wrong with them are printed
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<ConfigFormat>,
    /// Print nothing, only check
    #[arg(short, long)]
    quiet: bool,
    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print a value and what made it so, such as services.web.environment.PORT
    #[arg(long, value_name = "PATH", conflicts_with_all = ["quiet", "lock_image_digests"])]
    explain: Option<String>,
    /// What to print instead of the whole.
    #[command(flatten)]
    list: ListChoice,
    /// Replace image tags by the digests that the registries have for them
    #[arg(long)]
    resolve_image_digests: bool,
    /// Print an override file with the images' digests only
    #[arg(long)]
    lock_image_digests: bool,
    /// What is left out.
    #[command(flatten)]
    skip: SkipChoice,
}

/// Steps of loading that are left out.
#[derive(Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each option")]
struct SkipChoice {
    /// Leave variables as they are written
    #[arg(long)]
    no_interpolate: bool,
    /// Fill nothing in
    #[arg(long)]
    no_normalize: bool,
    /// Leave relative paths as they are written
    #[arg(long)]
    no_path_resolution: bool,
    /// Do not check whether the parts fit together
    #[arg(long)]
    no_consistency: bool,
    /// Do not read the services' env files
    #[arg(long)]
    no_env_resolution: bool,
}

/// How the files are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ConfigFormat {
    /// As a Compose file
    #[default]
    Yaml,
    /// As one JSON object; what is wrong as one JSON object a line
    Json,
}

/// The files, and the project if their variables were replaced.
struct Understood {
    configuration: Configuration,
    project: Option<Project>,
}

impl Config {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let understood = match self.load(session) {
            Err(CommandError::Files(diagnostics)) if self.format == Some(ConfigFormat::Json) => {
                report::json_diagnostics(&diagnostics.0);
                return Ok(ExitCode::FAILURE);
            }
            other => other?,
        };
        if self.quiet {
            return Ok(ExitCode::SUCCESS);
        }
        let text = self.text(session, understood)?;
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

    fn load(&self, session: &Session) -> Result<Understood, CommandError> {
        let options = LoadOptions { skip: self.skip.chosen(), ..session.load_options(self.depth())? };
        if self.skip.no_interpolate {
            if !self.services.is_empty() {
                report::warning(
                    "with --no-interpolate all services are printed, not only those named",
                    &session.terminal,
                );
            }
            let configuration = compose::load::configure(&options, &HostFiles)?;
            self.warn(session, &configuration.warnings);
            return Ok(Understood { configuration, project: None });
        }
        let Loaded { project, warnings, configuration } = compose::load(&options, &HostFiles)?;
        self.warn(session, &warnings);
        Ok(Understood { configuration, project: Some(project) })
    }

    fn warn(&self, session: &Session, warnings: &[compose::Diagnostic]) {
        if self.format == Some(ConfigFormat::Json) {
            report::json_diagnostics(warnings);
        } else {
            report::warnings(warnings, &session.terminal);
        }
    }

    /// Hashes cover what containers are made of, the contents of configs too.
    fn depth(&self) -> Depth {
        if self.list.hash.is_some() { Depth::Contents } else { Depth::Environment }
    }

    fn text(&self, session: &Session, understood: Understood) -> Result<String, CommandError> {
        let Understood { mut configuration, project } = understood;
        if let Some(path) = &self.explain {
            return Ok(configuration.explain(path)?.to_string());
        }
        let is_json = self.format == Some(ConfigFormat::Json);
        if let Some(text) = self.list.text(&configuration, project.as_ref(), is_json) {
            return Ok(text);
        }
        let chosen = self.chosen(&configuration, project.as_ref())?;
        if self.resolve_image_digests || self.lock_image_digests {
            let digests = digest::resolve(session, &configuration.images(), &chosen)?;
            if self.lock_image_digests {
                return digest::lock(&digests, is_json);
            }
            configuration.replace_images(&digests);
        }
        let is_chosen = |name: &str| chosen.iter().any(|chosen| chosen == name);
        Ok(match self.format.unwrap_or_default() {
            ConfigFormat::Yaml => configuration.to_yaml(&is_chosen),
            ConfigFormat::Json => configuration.to_json(&is_chosen),
        })
    }

    /// The services to print: those named with what they need, else all that are active.
    fn chosen(
        &self,
        configuration: &Configuration,
        project: Option<&Project>,
    ) -> Result<Vec<String>, CommandError> {
        match project.filter(|_| !self.services.is_empty()) {
            Some(project) => {
                let selection = Selection::of(project, &self.services, true)?;
                Ok(selection.services().map(ToString::to_string).collect())
            }
            None => Ok(configuration.service_names().into_iter().map(str::to_owned).collect()),
        }
    }
}

impl SkipChoice {
    fn chosen(&self) -> Skip {
        Skip {
            interpolation: self.no_interpolate,
            paths: self.no_path_resolution,
            normalization: self.no_normalize,
            consistency: self.no_consistency,
            env_files: self.no_env_resolution,
        }
    }
}

impl From<compose::load::NoSuchPath> for CommandError {
    fn from(missing: compose::load::NoSuchPath) -> Self {
        let mut diagnostic = compose::Diagnostic::error(missing.to_string());
        diagnostic.hint = missing.nearest.map(|nearest| format!("did you mean `{nearest}`?"));
        Self::Files(Diagnostics(vec![diagnostic]))
    }
}
