//! `container …`: what is done with containers that exist, one file per operation.

mod attach;
mod commit;
mod copy;
mod diff;
mod error;
mod exec;
mod export;
mod kill;
mod logs;
mod pause;
mod port;
mod prune;
mod remove;
mod rename;
mod stats;
mod stop;
mod top;
mod update;
mod wait;

pub(crate) use error::OperationError;

use crate::commands::each::each;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::{Args, Subcommand};
use engine::container;
use engine::state::Layout;
use engine::state::container::resolve_name;
use engine_spec::ContainerName;
use std::process::ExitCode;

/// What to do with containers that exist.
#[derive(Debug, Subcommand)]
pub(crate) enum Operation {
    /// Connect the terminal to a running container
    Attach(attach::Attach),
    /// Make an image of a container as it is
    Commit(commit::Commit),
    /// Copy files between the host and a container
    Cp(copy::Cp),
    /// Print what a container changed in the files of its image
    Diff(diff::Diff),
    /// Run a command in a running container
    Exec(exec::Exec),
    /// Write the files of a container to a tar archive
    Export(export::Export),
    /// Send a signal to containers
    Kill(kill::Kill),
    /// Print what a container wrote
    Logs(logs::Logs),
    /// Freeze containers
    Pause(pause::Pause),
    /// Print where the ports of a container are published
    Port(port::Port),
    /// Remove all containers that do not run
    Prune(prune::Prune),
    /// Give a container another name
    Rename(rename::Rename),
    /// Stop and start containers
    Restart(stop::Restart),
    /// Remove containers
    #[command(visible_alias = "remove")]
    Rm(remove::Remove),
    /// Show what containers use of the machine
    Stats(stats::Stats),
    /// Stop containers
    Stop(stop::Stop),
    /// List the processes of a container
    Top(top::Top),
    /// Let frozen containers go on
    Unpause(pause::Unpause),
    /// Change the limits and the restart policy of containers
    Update(update::Update),
    /// Wait until containers have ended, and print their exit codes
    Wait(wait::Wait),
}

impl Operation {
    /// Whether it only looks.
    pub(super) fn keeps_dry_run(&self) -> bool {
        matches!(self, Self::Diff(_) | Self::Logs(_) | Self::Port(_) | Self::Stats(_) | Self::Top(_))
    }

    /// Does it.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        match self {
            Self::Attach(command) => command.run(session),
            Self::Commit(command) => command.run(session),
            Self::Cp(command) => command.run(session),
            Self::Diff(command) => command.run(session),
            Self::Exec(command) => command.run(session),
            Self::Export(command) => command.run(session),
            Self::Kill(command) => command.run(session),
            Self::Logs(command) => command.run(session),
            Self::Pause(command) => command.run(session),
            Self::Port(command) => command.run(session),
            Self::Prune(command) => command.run(session),
            Self::Rename(command) => command.run(session),
            Self::Restart(command) => command.run(session),
            Self::Rm(command) => command.run(session),
            Self::Stats(command) => command.run(session),
            Self::Stop(command) => command.run(session),
            Self::Top(command) => command.run(session),
            Self::Unpause(command) => command.run(session),
            Self::Update(command) => command.run(session),
            Self::Wait(command) => command.run(session),
        }
    }
}

/// The containers that a command is about.
#[derive(Debug, Args)]
struct Containers {
    /// The containers, by name, id or the start of an id
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

/// The container that a command is about.
#[derive(Debug, Args)]
struct One {
    /// The container, by name, id or the start of an id
    #[arg(value_name = "CONTAINER")]
    container: String,
}

impl One {
    /// The engine's folders and the container's name.
    fn find(&self, session: &Session) -> Result<(Layout, ContainerName), CommandError> {
        let layout = prepared(session)?;
        let name = resolve_name(&layout, &self.container)?;
        Ok((layout, name))
    }
}

impl Containers {
    /// Does something to each, and names those it was done to. What cannot be done to one does not keep the
    /// others from it, but makes the command fail.
    fn each(
        &self,
        session: &Session,
        act: impl Fn(&Layout, &ContainerName) -> Result<(), CommandError>,
    ) -> Result<ExitCode, CommandError> {
        self.each_told(session, |layout, name, text| {
            act(layout, name)?;
            output::print_lines([text])
        })
    }

    /// The same for a command that says something else than the names.
    fn each_told(
        &self,
        session: &Session,
        act: impl Fn(&Layout, &ContainerName, &str) -> Result<(), CommandError>,
    ) -> Result<ExitCode, CommandError> {
        let layout = prepared(session)?;
        each(&self.containers, &session.terminal, |text| act(&layout, &resolve_name(&layout, text)?, text))
    }
}

/// The engine's folders, with what killed commands left put right.
fn prepared(session: &Session) -> Result<Layout, CommandError> {
    let layout = session.layout()?;
    container::repair(&layout, None)?;
    Ok(layout)
}
