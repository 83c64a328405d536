//! `run`: runs a command in a container of its own, made like those of a service.

mod making;
mod overrides;

use crate::args::PullChoice;
use crate::console::attachment::Attachment;
use crate::console::forward;
use crate::error::CommandError;
use crate::provider;
use crate::session::Session;
use crate::show::output;
use clap::{ArgAction, Args};
use compose::graph::Selection;
use compose::load::Depth;
use compose::model::Project;
use engine::container;
use making::Making;
use overrides::Overrides;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

/// Options of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,
    /// The command and its arguments, instead of the service's
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
    /// Print the id and return
    #[arg(short, long)]
    detach: bool,
    /// Remove the container when it ends
    #[arg(long)]
    rm: bool,
    /// Name the container
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Publish the ports of the service
    #[arg(short = 'P', long)]
    service_ports: bool,
    /// Answer to the names of the service too
    #[arg(long)]
    use_aliases: bool,
    /// Leave out what the service depends on
    #[arg(long)]
    no_deps: bool,
    /// Keep stdin open
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = ArgAction::Set)]
    interactive: bool,
    /// Give the command a terminal; it has one if there is one
    #[arg(short, long, hide = true)]
    tty: bool,
    /// Give the command no terminal
    #[arg(short = 'T', long = "no-tty", visible_alias = "no-TTY", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", conflicts_with = "tty")]
    no_tty: Option<bool>,
    /// Build the image first
    #[arg(long)]
    build: bool,
    /// Choose when images are fetched
    #[arg(long, value_enum, value_name = "WHEN")]
    pull: Option<PullChoice>,
    /// Print nothing but what the command prints
    #[arg(short, long)]
    quiet: bool,
    /// Do not show how fetching goes on
    #[arg(long)]
    quiet_pull: bool,
    /// Do not show how building goes on
    #[arg(long)]
    quiet_build: bool,
    /// Remove containers of services that are no longer in the file
    #[arg(long)]
    remove_orphans: bool,
    /// What is replaced.
    #[command(flatten)]
    overrides: Overrides,
}

impl Run {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let mut project = self.project(session).map_err(|error| self.explain(error))?;
        let service = std::slice::from_ref(&self.service);
        provider::provide(session, &mut project, service, !self.no_deps, !session.global.dry_run)?;
        let tty = self.tty()?;
        let attachment = Attachment {
            stdin: self.interactive,
            stdout: true,
            stderr: true,
            detach_keys: session.detach_keys(None),
            resized: None,
        };
        let attachment = attachment.listening(tty && !self.detach)?;
        let made = Making { session, project: &project, arguments: &self, tty }.make()?;
        if self.detach {
            container::start(&made.layout, &made.name)?;
            output::print_lines([&made.id])?;
            return Ok(ExitCode::SUCCESS);
        }
        let ended = forward::signals(&made.layout, &made.name, || attachment.start(&made.layout, &made.name));
        // It has not begun, so nobody else removes it.
        if self.rm && ended.is_err() {
            container::remove(&made.layout, &made.name, true)?;
        }
        ended
    }

    fn project(&self, session: &Session) -> Result<Project, CommandError> {
        let project = session.project(Depth::Contents)?;
        Selection::of(&project, std::slice::from_ref(&self.service), false)?;
        Ok(project)
    }

    /// Who knows `docker run` may have meant an image where there is neither such a service nor a file.
    fn explain(&self, error: CommandError) -> CommandError {
        let is_about_names = match &error {
            CommandError::NoSuchService(_) => true,
            CommandError::Files(found) => found.0.iter().all(|diagnostic| diagnostic.place.is_none()),
            _ => false,
        };
        if !is_about_names {
            return error;
        }
        CommandError::NoServiceToRun { given: self.service.clone(), error: Box::new(error) }
    }

    /// Whether the command gets a terminal: as asked for, else where there is one.
    fn tty(&self) -> Result<bool, CommandError> {
        match (self.tty, self.no_tty) {
            (true, _) | (_, Some(false)) if !io::stdin().is_terminal() => Err(CommandError::NoTerminal),
            (true, _) | (_, Some(false)) => Ok(true),
            (false, Some(true)) => Ok(false),
            (false, None) => Ok(io::stdin().is_terminal() && io::stdout().is_terminal()),
        }
    }
}
