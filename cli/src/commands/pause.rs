//! `pause` and `unpause`: freezes containers, and lets them go on.

use crate::error::CommandError;
use crate::session::{Session, View, is_of_any};
use crate::show::progress::{Mark, Progress};
use crate::target;
use clap::Args;
use engine::container::{self, PauseError};
use engine::state::Layout;
use engine_spec::ContainerName;
use std::process::ExitCode;

/// Options of `pause`.
#[derive(Debug, Default, Args)]
pub(crate) struct Pause {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
}

/// Options of `unpause`.
#[derive(Debug, Default, Args)]
pub(crate) struct Unpause {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
}

impl Pause {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        Change { activity: "pause", done: "Paused", perform: container::pause }.make(session, &self.services)
    }
}

impl Unpause {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        Change { activity: "unpause", done: "Unpaused", perform: container::unpause }
            .make(session, &self.services)
    }
}

/// One of the two.
struct Change {
    activity: &'static str,
    done: &'static str,
    perform: fn(&Layout, &ContainerName) -> Result<(), PauseError>,
}

impl Change {
    /// Makes the change to every container that runs; the first that is so already is an error in the end.
    fn make(&self, session: &Session, services: &[String]) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let held = session.hold(&scope.name, View::Project)?;
        let services = scope.services(services, &held.observed)?;
        let progress = Progress::new(&session.terminal, self.activity);
        let mut failure = None;
        for container in &held.observed.containers {
            if !container.status.is_running()
                || target::is_one_off(container)
                || !is_of_any(container, &services)
            {
                continue;
            }
            let label = format!("Container {}", container.name());
            match (self.perform)(&held.layout, container.name()) {
                Ok(()) => progress.end(&label, Mark::Done, self.done),
                Err(error) => {
                    progress.end(&label, Mark::Failed, "Error");
                    failure.get_or_insert(error);
                }
            }
        }
        progress.close();
        failure.map_or(Ok(ExitCode::SUCCESS), |error| Err(error.into()))
    }
}
